//! What survives a crash.

use super::examine::synchronous;
use super::fault::Outcome;
use super::session::Session;
use crate::model::Durability;

/// Asks the writer's connection how it writes; `in_memory` tells that there is no file.
pub(super) fn ask(session: &Session<'_>, in_memory: bool) -> Outcome<Durability> {
    let store = format!("SQLite {}", rusqlite::version());
    if in_memory {
        return Ok(Durability {
            store,
            persistence: "in memory".to_owned(),
            durable: false,
            may_lose: "Everything, when the queue is closed or the process ends.".to_owned(),
            eviction_policy: None,
        });
    }
    let journal: String = session.value("PRAGMA journal_mode", [])?;
    let name = synchronous(session)?;
    let durable = matches!(name, "full" | "extra");
    Ok(Durability {
        store,
        persistence: format!("journal_mode={journal}, synchronous={name}"),
        durable,
        may_lose: if durable {
            "Nothing, as long as the disk keeps what it says it wrote. The file is on one machine: with its disk it is gone."
        } else {
            "The changes of the last moments, when the machine crashes."
        }
        .to_owned(),
        eviction_policy: None,
    })
}
