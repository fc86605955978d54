//! What listeners are told of what is done through a store.

use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{
    Change, Extras, FailureReason, Filter, Happening, JobEdit, JobId, NewJob, Note, NoteKind, Outcome, Settled, Wait,
    What, bits,
};
use dataqueue::storage::{Hooks, Observed, Storage, change_all};

use crate::bench::{Bench, Hand, PATIENCE, complete, end, eventually, fail, job, release};

super::tests![hooks:
    each_thing_that_is_done_is_told_once_and_in_order,
    nothing_is_told_of_what_the_store_refused,
    a_lease_that_was_lost_ends_nothing,
    a_failure_of_a_job_that_was_to_be_cancelled_is_told_as_it_is_recorded,
    bulk_changes_are_told_job_by_job,
    a_job_that_was_lost_for_good_is_told_by_whoever_found_it,
    a_job_that_expired_is_told_by_whoever_cancelled_it,
    a_listener_that_comes_late_is_told_the_types_all_the_same,
    only_what_is_listened_to_is_told,
];

const EVERYTHING: u32 = (1 << What::NAMES.len()) - 1;

/// A handle that listens.
struct Ears {
    hooks: Arc<Hooks>,
    store: Arc<dyn Storage>,
}

impl Ears {
    fn on(bench: &Bench, wanted: u32) -> Self {
        let hooks = Arc::new(Hooks::default());
        hooks.listen(wanted);
        Self { store: Arc::new(Observed::new(bench.store(), Arc::clone(&hooks))), hooks }
    }

    async fn hand(&self) -> Hand {
        Hand::with_lease(Arc::clone(&self.store), Duration::from_secs(600)).await
    }

    async fn add(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        self.store.add(jobs).await.unwrap().iter().map(|one| one.id).collect()
    }

    /// What was told since the last time.
    fn told(&self) -> Vec<Happening> {
        let happened = self.hooks.take();
        assert_eq!(happened.dropped, 0);
        happened.happenings
    }
}

fn told(job_id: JobId, job_type: &str, what: What) -> Happening {
    Happening { job_id, job_type: Some(job_type.to_owned()), what }
}

fn failed(attempt: i32, will_retry: bool) -> What {
    let (reason, error_type) = (FailureReason::HandlerError, Some("ValueError".to_owned()));
    What::Failed { attempt, reason, message: "it broke".to_owned(), error_type, will_retry }
}

pub async fn each_thing_that_is_done_is_told_once_and_in_order(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    let ids = ears.add(vec![job("a"), job("b")]).await;
    assert_eq!(ears.told(), [told(ids[0], "a", What::Added), told(ids[1], "b", What::Added)]);
    let hand = ears.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!(ears.told(), [told(ids[0], "a", What::Processing { attempt: 1 })]);
    let progress = Note { lease: claimed.lease, kind: NoteKind::Progress(40) };
    let output = Note { lease: claimed.lease, kind: NoteKind::Output("7".into()) };
    let prolonged = Note { lease: claimed.lease, kind: NoteKind::Prolonged { timeout_ms: 5 } };
    ears.store.note(&[progress, output, prolonged]).await.unwrap();
    let notes = [told(ids[0], "a", What::Progress(40)), told(ids[0], "a", What::Output("7".into()))];
    assert_eq!(ears.told(), notes);
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    assert_eq!(ears.told(), [told(ids[0], "a", failed(1, true))]);
    let claimed = hand.take("a").await;
    hand.settle(release(&claimed)).await;
    assert_eq!(ears.told(), [told(ids[0], "a", What::Processing { attempt: 2 })]);
    let claimed = hand.take("a").await;
    let until = Some(bench.now().await.plus(PATIENCE));
    let wait = Wait { until, on: None, name: "__wait_0".into(), entry: "{}".into() };
    hand.settle(end(&claimed, Outcome::Waiting(wait))).await;
    let waiting = [What::Processing { attempt: 2 }, What::Waiting { until, on: None }];
    assert_eq!(ears.told(), waiting.map(|what| told(ids[0], "a", what)));
    assert!(ears.store.change(ids[0], &Change::Cancel).await.unwrap());
    assert!(ears.store.change(ids[0], &Change::Retry).await.unwrap());
    let changed = [What::Cancelled { reason: None }, What::Retried];
    assert_eq!(ears.told(), changed.map(|what| told(ids[0], "a", what)));
    let claimed = hand.claim(&["a", "b"], 2).await;
    let stopped = Outcome::Cancelled { reason: Some("enough".to_owned()) };
    let ends = [end(&claimed[0], Outcome::Completed { output: Some("[1]".into()) }), end(&claimed[1], stopped)];
    hand.store.settle(&ends).await.unwrap();
    let (first, second) = (&claimed[0].job, &claimed[1].job);
    let expected = [
        told(first.id, &first.job_type, What::Processing { attempt: first.attempts }),
        told(second.id, &second.job_type, What::Processing { attempt: second.attempts }),
        told(first.id, &first.job_type, What::Completed { attempt: first.attempts, output: Some("[1]".into()) }),
        told(second.id, &second.job_type, What::Cancelled { reason: Some("enough".to_owned()) }),
    ];
    assert_eq!(ears.told(), expected);
}

pub async fn nothing_is_told_of_what_the_store_refused(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    let keyed = || NewJob { idempotency_key: Some("k".to_owned()), ..job("a") };
    let id = ears.add(vec![keyed()]).await[0];
    ears.told();
    ears.add(vec![keyed()]).await;
    assert!(!ears.store.change(id, &Change::Retry).await.unwrap());
    assert!(ears.store.change(id, &Change::Edit(JobEdit { priority: Some(1), ..JobEdit::default() })).await.unwrap());
    assert!(!ears.store.change(id + 1_000, &Change::Cancel).await.unwrap());
    assert_eq!(ears.told(), []);
}

pub async fn a_lease_that_was_lost_ends_nothing(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    let id = bench.add_one(job("a")).await;
    let dying = Hand::with_lease(Arc::clone(&ears.store), Duration::from_millis(20)).await;
    let claimed = dying.take("a").await;
    // Somebody else finds it, through another queue.
    bench.reclaim_all(1).await;
    ears.told();
    for lost in [complete(&claimed), fail(&claimed, None), fail(&claimed, Some(Duration::ZERO)), release(&claimed)] {
        assert_eq!(dying.settle(lost).await, Settled::LeaseLost);
    }
    let note = Note { lease: claimed.lease, kind: NoteKind::Progress(40) };
    assert_eq!(ears.store.note(&[note]).await.unwrap(), [Settled::LeaseLost]);
    assert_eq!(ears.told(), [], "of job {id}");
}

pub async fn a_failure_of_a_job_that_was_to_be_cancelled_is_told_as_it_is_recorded(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    let hand = ears.hand().await;
    for (way, retry_in) in [Some(Duration::from_secs(60)), None].into_iter().enumerate() {
        let job_type = format!("type_{way}");
        let id = bench.add_one(job(&job_type)).await;
        let claimed = hand.take(&job_type).await;
        // By another process, of which this worker does not know.
        assert!(bench.changed(id, Change::CancelRunning).await);
        ears.told();
        hand.settle(fail(&claimed, retry_in)).await;
        let what = if retry_in.is_some() { What::Cancelled { reason: None } } else { failed(1, false) };
        assert_eq!(ears.told(), [told(id, &job_type, what)]);
    }
    let id = bench.add_one(job("released")).await;
    let claimed = hand.take("released").await;
    assert!(ears.store.change(id, &Change::CancelRunning).await.unwrap());
    ears.told();
    hand.settle(release(&claimed)).await;
    assert_eq!(ears.told(), [told(id, "released", What::Cancelled { reason: None })]);
}

pub async fn bulk_changes_are_told_job_by_job(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    let mut ids = bench.add_all(vec![job("a"), job("a"), job("a")]).await;
    bench.add_one(job("b")).await;
    let filter = Filter { job_types: vec!["a".to_owned()], ..Filter::default() };
    for (change, what) in [(Change::Cancel, What::Cancelled { reason: None }), (Change::Retry, What::Retried)] {
        assert_eq!(change_all(&*ears.store, &filter, &change).await.unwrap(), 3);
        let mut all = ears.told();
        all.sort_by_key(|one| one.job_id);
        ids.sort_unstable();
        assert_eq!(all, ids.iter().map(|id| told(*id, "a", what.clone())).collect::<Vec<_>>());
    }
}

pub async fn a_job_that_was_lost_for_good_is_told_by_whoever_found_it(bench: &Bench) {
    let ears = Ears::on(bench, EVERYTHING);
    bench.add_all(vec![NewJob { max_attempts: 1, ..job("a") }, job("a")]).await;
    let dying = bench.hand().await;
    let claimed = dying.claim(&["a"], 2).await;
    bench.unregister(&dying.worker).await.unwrap();
    assert_eq!(ears.store.reclaim(100).await.unwrap().len(), 2);
    let lost = ears.told();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!((lost[0].job_id, lost[0].job_type.as_deref()), (claimed[0].job.id, Some("a")));
    let What::Failed { reason: FailureReason::Lost, will_retry: false, attempt: 1, message, .. } = &lost[0].what else {
        panic!("{lost:?}")
    };
    assert!(!message.is_empty());
}

pub async fn a_job_that_expired_is_told_by_whoever_cancelled_it(bench: &Bench) {
    let ears = Ears::on(bench, bits::CANCELLED);
    let extras = Extras { expires_in: Some(Duration::from_micros(1)), ..Extras::default() };
    let ids = ears.add(vec![NewJob { extras: extras.boxed(), ..job("a") }, job("a")]).await;
    eventually("it expires", async || !ears.store.end_terms("too late", 10).await.unwrap().expired.is_empty()).await;
    assert_eq!(ears.told(), [told(ids[0], "a", What::Cancelled { reason: Some("too late".to_owned()) })]);
}

pub async fn a_listener_that_comes_late_is_told_the_types_all_the_same(bench: &Bench) {
    let ears = Ears::on(bench, 0);
    let id = bench.add_one(job("a")).await;
    let hand = ears.hand().await;
    let claimed = hand.take("a").await;
    ears.hooks.listen(EVERYTHING);
    ears.store.note(&[Note { lease: claimed.lease, kind: NoteKind::Progress(40) }]).await.unwrap();
    hand.settle(complete(&claimed)).await;
    let completed = What::Completed { attempt: 1, output: None };
    assert_eq!(ears.told(), [told(id, "a", What::Progress(40)), told(id, "a", completed)]);
}

pub async fn only_what_is_listened_to_is_told(bench: &Bench) {
    let ears = Ears::on(bench, 1 << What::Retried.number());
    let hand = ears.hand().await;
    let id = ears.add(vec![job("a")]).await[0];
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    assert!(ears.store.change(id, &Change::Retry).await.unwrap());
    assert_eq!(ears.told(), [told(id, "a", What::Retried)]);
    ears.hooks.listen(0);
    assert!(ears.store.change(id, &Change::Cancel).await.unwrap());
    assert_eq!(ears.told(), []);
}
