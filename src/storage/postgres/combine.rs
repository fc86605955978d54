//! Adds of many callers at a time: what comes while others are under way is added by one statement and one commit.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::PostgresStorage;
use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::model::{Added, NewJob};

/// How many statements that add are under way at most before others wait to be combined. While one waits for the disk, the next is
/// on its way.
const UNDER_WAY: usize = 2;
/// An add of more jobs than this goes by itself, and no combined one is much larger.
const MOST: usize = 500;

/// Who adds, and who waits for that.
#[derive(Default)]
pub(super) struct Combiner(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    under_way: usize,
    waiting: Vec<Waiting>,
}

struct Waiting {
    jobs: Vec<NewJob>,
    turn: oneshot::Sender<Turn>,
}

/// What a caller that waited is told.
enum Turn {
    /// Its jobs were added, or not, by another caller.
    Added(Result<Vec<Added>>),
    /// It is to add its own and these.
    Lead { place: Place, own: Vec<NewJob>, others: Vec<Waiting> },
}

/// One of the statements under way. When it ends, whichever way, a caller that waits is told to go on.
struct Place(Arc<Mutex<State>>);

impl Combiner {
    /// The place of a statement, or a ticket for when there is none.
    fn enter(&self, jobs: Vec<NewJob>) -> std::result::Result<(Place, Vec<NewJob>), oneshot::Receiver<Turn>> {
        let mut state = self.0.lock();
        if state.under_way < UNDER_WAY {
            state.under_way += 1;
            return Ok((Place(Arc::clone(&self.0)), jobs));
        }
        let (turn, ticket) = oneshot::channel();
        state.waiting.push(Waiting { jobs, turn });
        Err(ticket)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        let mut count = 0;
        let fits = |waiting: &&Waiting| {
            count += waiting.jobs.len();
            count <= MOST
        };
        let number = state.waiting.iter().take_while(fits).count();
        let mut batch = state.waiting.drain(..number);
        let Some(Waiting { jobs: own, turn }) = batch.next() else {
            drop(batch);
            state.under_way -= 1;
            return;
        };
        let others = batch.collect();
        drop(state);
        let told = turn.send(Turn::Lead { place: Self(Arc::clone(&self.0)), own, others });
        // A caller that does not wait any more leaves the place to those after it.
        if let Err(Turn::Lead { place, others, .. }) = told {
            self.0.lock().waiting.splice(..0, others);
            drop(place);
        }
    }
}

impl PostgresStorage {
    /// Adds jobs, in one statement with those of other callers where several come at a time. All of a caller's or none.
    pub(super) async fn add_combined(&self, jobs: Vec<NewJob>) -> Result<Vec<Added>> {
        if jobs.is_empty() || jobs.len() > MOST || jobs.iter().any(|job| job.depends_on().is_some()) {
            return self.add_jobs(&jobs).await;
        }
        let ticket = match self.combiner.enter(jobs) {
            Ok((_place, jobs)) => return self.add_jobs(&jobs).await,
            Err(ticket) => ticket,
        };
        match ticket.await {
            Ok(Turn::Added(added)) => added,
            Ok(Turn::Lead { place: _place, own, others }) => self.add_with(own, others).await,
            // Whoever took them along was cut off: they were added or not.
            Err(_) => Err(unknown()),
        }
    }

    async fn add_with(&self, own: Vec<NewJob>, others: Vec<Waiting>) -> Result<Vec<Added>> {
        if others.is_empty() {
            return self.add_jobs(&own).await;
        }
        let (count, mut all) = (own.len(), own);
        let (mut turns, mut counts) = (Vec::with_capacity(others.len()), Vec::with_capacity(others.len()));
        for Waiting { jobs, turn } in others {
            counts.push(jobs.len());
            turns.push(turn);
            all.extend(jobs);
        }
        match self.add_jobs(&all).await {
            Ok(mut added) => {
                let mut rest = added.split_off(count.min(added.len()));
                for (turn, count) in turns.into_iter().zip(counts) {
                    let after = rest.split_off(count.min(rest.len()));
                    // Who does not wait any more does not want to know.
                    let _ = turn.send(Turn::Added(Ok(rest)));
                    rest = after;
                }
                Ok(added)
            }
            Err(error) if error.retryable() => {
                for turn in turns {
                    let _ = turn.send(Turn::Added(Err(error.clone())));
                }
                Err(error)
            }
            // Nothing was added. The fault may be that of one caller: the others must not have it.
            Err(_) => {
                let mut rest = all.split_off(count);
                let own = self.add_jobs(&all).await;
                for (turn, count) in turns.into_iter().zip(counts) {
                    let after = rest.split_off(count);
                    let _ = turn.send(Turn::Added(self.add_jobs(&rest).await));
                    rest = after;
                }
                own
            }
        }
    }
}

fn unknown() -> Error {
    super::faults::unavailable("the caller that added these jobs along with its own was cut off".into())
}
