//! The border to Python: the only room that knows pyo3.
//!
//! Three laws hold here. Tokio's threads never attach to the interpreter: what they answer is plain Rust data, made into
//! Python objects by the Python thread that waits or drains. Python's threads never enter tokio: they spawn a
//! future and wait on a condition variable, detached, in slices between which signals are handled. Every thread that
//! runs Python was born in Python.

mod adopting;
mod arguments;
mod bell;
mod calls;
mod errors;
mod events;
mod examining;
mod external;
mod flow;
mod fork;
mod happenings;
mod health;
mod inbox;
mod inspection;
mod inspection_records;
mod lane;
mod logs;
mod opening;
mod pending;
mod processor;
mod records;
mod reply;
mod schedules;
mod store;
mod supervisor;
mod traffic;
mod transfers;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<store::Store>()?;
    module.add_class::<happenings::Hooks>()?;
    module.add_class::<events::EventTail>()?;
    module.add_class::<pending::Pending>()?;
    module.add_class::<processor::Processor>()?;
    module.add_class::<supervisor::Supervisor>()?;
    module.add_class::<lane::Run>()?;
    module.add_class::<inbox::Inbox>()?;
    module.add_class::<logs::LogPump>()?;
    fork::register(module.py())?;
    module.add_function(wrap_pyfunction!(adopting::adopt, module)?)?;
    module.add_function(wrap_pyfunction!(flow::set_paused, module)?)?;
    module.add_function(wrap_pyfunction!(flow::paused, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::overview, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::workers, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::drain_worker, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::groups, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::type_limits, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::tokens, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::search, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::dependents, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::delete, module)?)?;
    module.add_function(wrap_pyfunction!(inspection::delete_all, module)?)?;
    module.add_function(wrap_pyfunction!(examining::examine_file, module)?)?;
    module.add_function(wrap_pyfunction!(examining::lease_ends_in, module)?)?;
    module.add_function(wrap_pyfunction!(examining::whereabouts, module)?)?;
    module.add_function(wrap_pyfunction!(traffic::fleet_traffic, module)?)?;
    module.add("BOUNDS", traffic::bounds())?;
    module.add_function(wrap_pyfunction!(schedules::cron_ticks, module)?)?;
    module.add_function(wrap_pyfunction!(schedules::run_schedule, module)?)?;
    module.add_function(wrap_pyfunction!(logs::set_log_level, module)?)
}
