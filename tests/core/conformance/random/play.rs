//! Makes each call on the store and in the model, and compares.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::{
    Awaited, Change, Failure, FailureReason, Filter, JobEdit, JobId, Lease, NewJob, NewToken, Note, NoteKind, Outcome,
    Prune, Settlement, Status, TagFilter, TagMode, Wait,
};
use dataqueue::storage::{Storage, prune_all_jobs, reclaim_all_stuck};

use super::model::{Known, Model, Time, tags_of};
use super::steps::{Alter, Due, End, Report, Step, Which};
use crate::bench::{Bench, Hand, ids};

const LEASE: Duration = Duration::from_secs(600);
const LATER: Duration = Duration::from_secs(3_600);

/// One sequence under way.
struct Play<'a> {
    bench: &'a Bench,
    stores: [Arc<dyn Storage>; 2],
    /// Tells this sequence's jobs from those of others.
    name: u64,
    base: Timestamp,
    model: Model,
    hands: Vec<Hand>,
    /// Every lease that was ever given.
    leases: Vec<Lease>,
    /// Every job that was ever added.
    added: Vec<JobId>,
}

/// Plays a sequence to its end.
pub async fn play(bench: &Bench, other: &Arc<dyn Storage>, steps: &[Step]) {
    let stores = [bench.store(), Arc::clone(other)];
    let mut hands = Vec::new();
    for at in 0..3 {
        hands.push(Hand::with_lease(Arc::clone(&stores[at % 2]), LEASE).await);
    }
    let (name, base) = (rand::random(), bench.now().await);
    let (model, leases, added) = (Model::default(), Vec::new(), Vec::new());
    let mut play = Play { bench, stores, name, base, model, hands, leases, added };
    for (at, step) in steps.iter().enumerate() {
        play.make(step, at % 2).await;
        play.model.resume();
        play.compare().await;
    }
    for id in &play.added {
        let wanted = play.model.jobs.get(id).map_or(Vec::new(), |job| job.kinds.clone());
        assert_eq!(bench.kinds(*id).await, wanted, "the events of job {id}");
    }
    play.clear().await;
}

impl Play<'_> {
    async fn make(&mut self, step: &Step, side: usize) {
        let store = Arc::clone(&self.stores[side]);
        match step {
            Step::Add { .. } => self.add(&*store, step).await,
            Step::Claim { worker, kinds, limit } => self.claim(*worker, *kinds, u32::from(*limit)).await,
            Step::Settle(ends) => self.settle(&*store, ends).await,
            Step::Note(reports) => self.note(&*store, reports).await,
            Step::One(job, alter) => self.change_one(&*store, *job, alter).await,
            Step::Many(which, alter) => self.change_many(which, alter).await,
            Step::Find(which) => {
                let mut wanted = self.matching(which);
                wanted.reverse();
                assert_eq!(self.bench.found(&self.filter(which)).await, wanted);
            }
            Step::Token { number, complete } => self.token(&*store, *number, *complete).await,
            Step::Lose { worker, by_caller } => self.lose(*worker, *by_caller, store).await,
            Step::Prune(bits) => {
                let statuses = [Status::Completed, Status::Failed, Status::Cancelled];
                let statuses: Vec<_> = (0..3).filter(|at| bits >> at & 1 == 1).map(|at| statuses[at]).collect();
                self.model.prune(&statuses);
                prune_all_jobs(&*store, &Prune { older_than: Duration::ZERO, statuses }).await.unwrap();
            }
        }
    }

    async fn compare(&mut self) {
        let known: Vec<_> = self.added.clone();
        let stored: HashMap<_, _> =
            self.bench.get(&known).await.unwrap().into_iter().map(|job| (job.id, job)).collect();
        let there: Vec<_> = known.iter().filter(|id| stored.contains_key(id)).copied().collect();
        assert_eq!(there, self.model.jobs.keys().copied().collect::<Vec<_>>(), "the jobs that are there");
        for (id, job) in &mut self.model.jobs {
            job.agrees(&stored[id]);
        }
    }

    /// Leaves nothing that the next sequence would have to walk over.
    async fn clear(self) {
        for hand in &self.hands {
            self.bench.unregister(&hand.worker).await.unwrap();
        }
        while !self.bench.reclaim(1_000).await.unwrap().is_empty() {}
        self.bench.changed_all(&Filter::default(), &Change::Cancel, 1_000).await;
        let all = Prune { older_than: Duration::ZERO, statuses: Status::ALL.to_vec() };
        prune_all_jobs(&*self.stores[0], &all).await.unwrap();
    }

    fn kind(&self, at: u8) -> String {
        format!("{at} of {}", self.name)
    }

    fn kinds(&self, bits: u8) -> Vec<String> {
        (0..3).filter(|at| bits >> at & 1 == 1).map(|at| self.kind(at)).collect()
    }

    fn time(&self, due: Due) -> Option<Timestamp> {
        match due {
            Due::Now => None,
            Due::Past(seconds) => Some(self.base.minus(Duration::from_secs(u64::from(seconds)))),
            Due::Later => Some(self.base.plus(LATER)),
        }
    }

    fn known(&self, due: Due) -> Time {
        self.time(due).map_or(Time::Fresh, Time::Is)
    }

    fn filter(&self, which: &Which) -> Filter {
        let tags = (which.tags > 0).then(|| TagFilter { values: tags_of(which.tags), mode: TagMode::All });
        let priority = which.priority.map(i32::from);
        let statuses = which.statuses.clone();
        Filter { job_types: self.kinds(which.kinds), statuses, priority, tags, ..Filter::default() }
    }

    /// The jobs that a filter must find, by growing id.
    fn matching(&self, which: &Which) -> Vec<JobId> {
        let filter = self.filter(which);
        let matches = |job: &Known| {
            filter.job_types.contains(&job.job_type)
                && (filter.statuses.is_empty() || filter.statuses.contains(&job.status))
                && filter.priority.is_none_or(|priority| priority == job.priority)
                && tags_of(which.tags).iter().all(|tag| job.tags.contains(tag))
        };
        self.model.jobs.iter().filter(|(_, job)| matches(job)).map(|(id, _)| *id).collect()
    }

    fn change(&self, alter: &Alter) -> (Change, Option<Time>) {
        match alter {
            Alter::Cancel => (Change::Cancel, None),
            Alter::Stop => (Change::CancelRunning, None),
            Alter::Retry => (Change::Retry, None),
            Alter::Edit { priority, max_attempts, due, tags } => {
                let edit = JobEdit {
                    priority: priority.map(i32::from),
                    max_attempts: max_attempts.map(i32::from),
                    run_at: due.map(|due| self.time(due)),
                    tags: tags.map(tags_of),
                    ..JobEdit::default()
                };
                (Change::Edit(edit), due.map(|due| self.known(due)))
            }
        }
    }

    fn lease(&self, at: u16) -> Option<Lease> {
        (!self.leases.is_empty()).then(|| self.leases[self.leases.len() - 1 - usize::from(at) % self.leases.len()])
    }

    async fn add(&mut self, store: &dyn Storage, step: &Step) {
        let Step::Add { kind, priority, max_attempts, due, key, tags } = step else { return };
        let key = key.map(|key| format!("key {key} of {}", self.name));
        let (job_type, tags) = (self.kind(*kind), tags_of(*tags));
        let (priority, max_attempts) = (i32::from(*priority), i32::from(*max_attempts));
        let new = NewJob {
            priority,
            max_attempts,
            run_at: self.time(*due),
            tags: tags.clone(),
            idempotency_key: key.clone(),
            ..NewJob::new(job_type.clone(), "{}")
        };
        let added = store.add(vec![new]).await.unwrap()[0];
        let holder = self.model.jobs.iter().find(|(_, job)| key.is_some() && job.key == key).map(|(id, _)| *id);
        assert_eq!((added.created, holder.unwrap_or(added.id)), (holder.is_none(), added.id), "who holds {key:?}");
        if !added.created {
            return;
        }
        let job = Known {
            job_type,
            status: Status::Pending,
            priority,
            attempts: 0,
            max_attempts,
            run_at: self.known(*due),
            retry_at: None,
            tags,
            key,
            progress: None,
            output: None,
            reason: None,
            errors: 0,
            crashes: 0,
            kinds: vec![dataqueue::model::EventKind::Added],
            lease: None,
            was_retry: false,
            wait: None,
            awaits: None,
            steps: BTreeMap::new(),
            asked: false,
        };
        self.model.jobs.insert(added.id, job);
        self.added.push(added.id);
    }

    async fn claim(&mut self, worker: u8, kinds: u8, limit: u32) {
        let hand = &self.hands[usize::from(worker)];
        let types = self.kinds(kinds);
        let names: Vec<_> = types.iter().map(String::as_str).collect();
        let claim = hand.try_claim(&names, limit).await.unwrap();
        let lease = Lease { job_id: 0, worker_id: hand.worker.id, token: hand.token() };
        let (chosen, more) = self.model.claim(&types, limit as usize, claim.now, lease);
        assert_eq!((ids(&claim.jobs), claim.more), (chosen, more), "what {types:?} gave");
        assert_eq!(claim.next_due.is_some(), self.model.foresees(&types, claim.now), "{claim:?}");
        self.leases.extend(claim.jobs.iter().map(|claimed| claimed.lease));
    }

    fn token_id(&self, number: u16) -> String {
        format!("wp_{number}_{}", self.name)
    }

    async fn token(&mut self, store: &dyn Storage, number: u8, complete: bool) {
        let id = self.token_id(u16::from(number));
        if complete {
            let open = self.model.tokens.get(&id).map(|over| !over);
            assert_eq!(store.complete_token(&id, None).await.unwrap(), open);
            self.model.tokens.entry(id).and_modify(|over| *over = true);
        } else {
            let new = NewToken { id: id.clone(), job_id: None, timeout: None, tags: Vec::new() };
            store.create_token(&new).await.unwrap();
            self.model.tokens.entry(id).or_insert(false);
        }
    }

    /// What a number stands for: a token, or a job.
    fn awaited(&self, what: u16) -> Awaited {
        match usize::from(what).checked_sub(u16::MAX as usize / 2) {
            Some(at) => Awaited::Job(self.added[self.added.len() - 1 - at % self.added.len()]),
            None => Awaited::Token(self.token_id(what % 3)),
        }
    }

    async fn settle(&mut self, store: &dyn Storage, ends: &[(u16, End)]) {
        let (mut settlements, mut wanted) = (Vec::new(), Vec::new());
        for (at, end) in ends {
            let Some(lease) = self.lease(*at) else { return };
            let (attempt, last) = self.model.attempt(lease);
            let retry = match end {
                End::Fail(Some(due)) if !last => Some(*due),
                _ => None,
            };
            let retry_in = retry.map(|due| if matches!(due, Due::Later) { LATER } else { Duration::ZERO });
            let outcome = match end {
                End::Complete(output) => Outcome::Completed { output: output.map(|number| number.to_string().into()) },
                End::Fail(_) => Outcome::Failed(Failure {
                    reason: FailureReason::HandlerError,
                    message: "it broke".to_owned(),
                    kind: None,
                    traceback: None,
                    retry_in,
                }),
                End::Release => Outcome::Released,
                End::Stop => Outcome::Cancelled { reason: None },
                End::Wait(due) => waiting(Some(self.time(*due).unwrap_or(self.base)), None),
                End::Await(what, due) => {
                    let on = self.awaited(*what);
                    if let Awaited::Job(id) = on {
                        store.expect_end(id).await.unwrap();
                    }
                    waiting(due.map(|due| self.time(due).unwrap_or(self.base)), Some(on))
                }
            };
            wanted.push(match &outcome {
                Outcome::Waiting(wait) => self.model.wait(lease, wait.until, wait.on.clone()),
                _ => self.model.settle(lease, *end, retry_in.map(|_| Time::Fresh)),
            });
            settlements.push(Settlement { lease, attempt, outcome });
        }
        assert_eq!(store.settle(&settlements).await.unwrap(), wanted, "{settlements:?}");
    }

    async fn note(&mut self, store: &dyn Storage, reports: &[(u16, Report)]) {
        let (mut notes, mut wanted, mut prolonged) = (Vec::new(), Vec::new(), Vec::new());
        for (at, report) in reports {
            let Some(lease) = self.lease(*at) else { return };
            let kind = match report {
                Report::Progress(percent) => NoteKind::Progress(i32::from(*percent)),
                Report::Output(number) => NoteKind::Output(number.to_string().into()),
                // One call prolongs a run once.
                Report::Prolonged if prolonged.contains(&lease) => continue,
                Report::Prolonged => NoteKind::Prolonged { timeout_ms: 60_000 },
                Report::Step(name, result) => {
                    NoteKind::Step { name: name.to_string(), entry: result.to_string().into() }
                }
            };
            if matches!(report, Report::Prolonged) {
                prolonged.push(lease);
            }
            wanted.push(self.model.note(lease, *report));
            notes.push(Note { lease, kind });
        }
        assert_eq!(store.note(&notes).await.unwrap(), wanted, "{notes:?}");
    }

    async fn change_one(&mut self, store: &dyn Storage, at: u16, alter: &Alter) {
        if self.added.is_empty() {
            return;
        }
        let id = self.added[usize::from(at) % self.added.len()];
        let (change, time) = self.change(alter);
        let wanted = self.model.jobs.get_mut(&id).is_some_and(|job| job.alter(alter, time));
        assert_eq!(store.change(id, &change).await.unwrap(), wanted, "{change:?} of job {id}");
    }

    async fn change_many(&mut self, which: &Which, alter: &Alter) {
        // Asking is for single jobs.
        let alter = if matches!(alter, Alter::Stop) { &Alter::Cancel } else { alter };
        let (change, time) = self.change(alter);
        let mut wanted = 0;
        for id in self.matching(which) {
            wanted += u64::from(self.model.jobs.get_mut(&id).unwrap().alter(alter, time));
        }
        assert_eq!(self.bench.changed_all(&self.filter(which), &change, 3).await, wanted, "{change:?} of {which:?}");
    }

    async fn lose(&mut self, worker: u8, by_caller: bool, store: Arc<dyn Storage>) {
        let fresh = Hand::with_lease(Arc::clone(&store), LEASE).await;
        let lost = std::mem::replace(&mut self.hands[usize::from(worker)], fresh);
        store.unregister(&lost.worker).await.unwrap();
        let wanted = self.model.lose(lost.worker.id);
        if by_caller {
            assert_eq!(reclaim_all_stuck(&*store, Duration::ZERO).await.unwrap(), wanted.len() as u64);
            return;
        }
        let mut taken: Vec<_> = store.reclaim(1_000).await.unwrap().iter().map(|one| (one.job_id, one.ended)).collect();
        taken.sort_unstable();
        assert_eq!(taken, wanted);
    }
}

fn waiting(until: Option<Timestamp>, on: Option<Awaited>) -> Outcome {
    Outcome::Waiting(Wait { until, on, name: "__wait_0".to_owned(), entry: "0".into() })
}
