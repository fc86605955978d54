//! The processor on each driver, with handlers that are the test itself. A file lists its tests at the top.

mod calls;
mod chains;
mod chores;
mod deadlines;
mod drain;
mod health;
mod idle;
mod leases;
mod order;
mod outage;
mod prefetch;
mod processes;
mod schedules;
pub mod station;
mod traffic;

/// Names the tests of a module, for `suite!` to run by each driver.
macro_rules! tests {
    ($module:ident: $($name:ident),* $(,)?) => {
        macro_rules! each {
            ($driver:ty) => {
                $(
                    #[test]
                    fn $name() {
                        crate::bench::run::<$driver>(crate::processor::$module::$name);
                    }
                )*
            };
        }
        pub(crate) use each;
    };
}
use tests;

macro_rules! suite {
    ($name:ident: $driver:ty: $($module:ident)*) => {
        mod $name {
            $(mod $module { crate::processor::$module::each!($driver); })*
        }
    };
}

suite!(postgres: crate::bench::Postgres: calls chains chores deadlines drain health idle leases order outage prefetch processes schedules traffic);
suite!(redis: crate::bench::Redis: calls chains chores deadlines drain health idle leases order outage prefetch processes schedules traffic);
suite!(sqlite: crate::bench::Sqlite: calls chains chores deadlines drain health idle leases order outage prefetch processes schedules traffic);
// There is no other process to hold it, and its own leases do not run out.
suite!(memory: crate::bench::Memory: calls chains chores deadlines drain idle order prefetch processes schedules traffic);
