//! Waiting for events.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::Storage;
use crate::error::{Error, Result};
use crate::model::{After, Tail, Wanted};

/// The pauses between two looks where no hint comes: short ones behind what was read last, when more is likely to follow.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);
/// The events of one page, about.
const PAGE: u32 = 500;
/// The longest pause for a store that is out of reach.
const AWAY: Duration = Duration::from_secs(5);

/// The next events behind a place, as soon as there are any; from now on none at once, but the place. However long that takes, and
/// the store is out of reach.
///
/// # Errors
/// Those of [`Storage::tail`] that are not for waiting.
pub async fn next_events(storage: &dyn Storage, mut after: After, wanted: &Wanted) -> Result<Tail> {
    let (mut pause, mut away, mut hints) = (SHORTEST, SHORTEST, None);
    loop {
        if hints.is_none() {
            // Before the first look, so that nothing falls in between.
            hints = storage.changes().await.ok();
        }
        if let Some(hints) = &mut hints {
            hints.mark_unchanged();
        }
        let begins = after == After::Now;
        match storage.tail(&after, wanted, PAGE).await {
            Ok(tail) if begins || !tail.events.is_empty() => return Ok(tail),
            Ok(tail) => {
                after = After::Place(tail.next);
                away = SHORTEST;
                if tail.more {
                    continue;
                }
            }
            Err(error) if error.retryable() => {
                tracing::debug!("waiting for events: {error}");
                sleep(away.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
                away = (away * 2).min(AWAY);
                continue;
            }
            Err(error) => return Err(error),
        }
        let look_again = Instant::now() + pause;
        pause = (pause * 2).min(LONGEST);
        let heard = match &mut hints {
            Some(hints) => timeout_at(look_again, hints.changed()).await,
            None => timeout_at(look_again, std::future::pending()).await,
        };
        if let Ok(Err(_closed)) = heard {
            sleep_until(look_again).await;
        }
    }
}

/// The error for the text of a place that no event of this store came with.
pub(super) fn not_a_place(text: &str) -> Error {
    let shown: String = text.chars().take(40).collect();
    Error::Invalid(format!("after is {shown:?}: it must be the cursor of an event that a stream of this store gave"))
}
