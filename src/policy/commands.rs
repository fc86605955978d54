//! Which of a caller's own commands may run on connections of Redis that are shared with the queue.

use bytes::Bytes;

use crate::error::{Error, Result};

/// Commands that change what the connection is, to everyone who shares it.
const STATEFUL: &[&str] = &[
    "ASKING",
    "AUTH",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "READONLY",
    "READWRITE",
    "REPLCONF",
    "RESET",
    "SELECT",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WATCH",
];
/// Commands that hold up whoever comes after them on the same connection.
const BLOCKING: &[&str] =
    &["BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "WAIT", "WAITAOF"];
/// What `CLIENT` may not be asked for.
const CLIENT: &[&str] = &["CACHING", "REPLY", "TRACKING"];

/// Lets a command pass that leaves the connection as it is, and answers at once.
///
/// # Errors
/// [`Error::Invalid`] that names the command and what to use instead.
pub fn check_command(command: &[Bytes]) -> Result<()> {
    let Some(name) = command.first().map(upper).filter(|name| !name.is_empty()) else {
        return Err(Error::Invalid("the command is empty: give its name, such as GET, and its arguments".into()));
    };
    let second = command.get(1).map(upper).unwrap_or_default();
    let stateful = STATEFUL.contains(&name.as_str()) || (name == "CLIENT" && CLIENT.contains(&second.as_str()));
    if stateful {
        return Err(Error::Invalid(format!(
            "{name} would change the connection that the queue works on: use a client of your own for it"
        )));
    }
    let waits = BLOCKING.contains(&name.as_str())
        || (matches!(name.as_str(), "XREAD" | "XREADGROUP") && options(command).any(|word| word == "BLOCK"));
    if waits {
        return Err(Error::Invalid(format!(
            "{name} would hold up the connection that the queue works on: use a client of your own for it"
        )));
    }
    Ok(())
}

/// The words of a command on streams before the names of these.
fn options(command: &[Bytes]) -> impl Iterator<Item = String> {
    command.iter().map(upper).take_while(|word| word != "STREAMS")
}

fn upper(word: &Bytes) -> String {
    String::from_utf8_lossy(word).trim().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<()> {
        check_command(&text.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect::<Vec<_>>())
    }

    #[test]
    fn commands_that_answer_at_once_pass() {
        for text in ["GET a", "set SELECT 1", "XREAD COUNT 2 STREAMS block 0", "CLIENT LIST", "INFO", "EVAL x 1 k"] {
            check(text).unwrap();
        }
    }

    #[test]
    fn commands_that_change_or_hold_up_the_connection_are_refused_by_name() {
        for text in ["select 1", "MULTI", "Subscribe x", "client reply OFF", "HELLO 3", "RESET"] {
            let message = check(text).unwrap_err().to_string();
            assert!(message.contains("would change the connection"), "{message}");
        }
        for text in ["blpop a 0", "WAIT 1 0", "xread block 0 STREAMS s $"] {
            let message = check(text).unwrap_err().to_string();
            assert!(message.contains("would hold up"), "{message}");
        }
        assert!(check_command(&[]).unwrap_err().to_string().contains("empty"));
        assert!(check("").unwrap_err().to_string().contains("empty"));
    }
}
