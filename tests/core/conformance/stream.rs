//! Reading the events of all jobs as they are written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::{
    After, Change, Event, EventKind as Kind, JobEdit, JobId, NewJob, Outcome, Placed, Settled, Tail, Wait, Wanted,
};
use dataqueue::storage::{Storage, next_events};
use tokio::time::timeout;

use crate::bench::{Bench, Connections, Hand, PATIENCE, complete, end, fail, job, release};

super::tests![stream:
    what_another_handle_writes_is_read_in_order,
    each_event_is_a_place_to_go_on_from,
    pages_of_any_size_give_the_same,
    it_begins_with_what_is_written_from_now_on,
    it_can_begin_behind_the_id_of_an_event,
    it_can_be_narrowed_to_kinds_and_to_one_job,
    a_large_batch_is_told_once_and_whole,
    what_was_not_done_is_not_told,
    whoever_waits_is_told_of_what_another_handle_writes,
    it_goes_on_after_its_connections_were_cut,
    writers_at_once_lose_nothing_and_tell_nothing_twice,
    a_place_of_another_store_is_refused,
];

fn all() -> Wanted {
    Wanted::default()
}

/// From now on.
async fn now(store: &dyn Storage) -> After {
    let tail = store.tail(&After::Now, &all(), 100).await.unwrap();
    assert_eq!(tail.events, []);
    After::Place(tail.next)
}

/// All that there is behind a place, in pages that look at so much; and the place behind it.
async fn read(store: &dyn Storage, mut after: After, wanted: &Wanted, limit: u32) -> (Vec<Placed>, After) {
    let mut events = Vec::new();
    loop {
        let Tail { events: more, next, more: goes_on } = store.tail(&after, wanted, limit).await.unwrap();
        events.extend(more);
        after = After::Place(next);
        if !goes_on {
            return (events, after);
        }
    }
}

fn plain(placed: &[Placed]) -> Vec<Event> {
    placed.iter().map(|one| one.event.clone()).collect()
}

/// Those of each job.
fn by_job(events: &[Event]) -> HashMap<JobId, Vec<Event>> {
    let mut jobs: HashMap<_, Vec<_>> = HashMap::new();
    for event in events {
        jobs.entry(event.job_id).or_default().push(event.clone());
    }
    jobs
}

/// Whether these are the histories of these jobs, each event once.
async fn assert_histories(bench: &Bench, events: &[Event], ids: &[JobId]) {
    let mut told = by_job(events);
    for id in ids {
        assert_eq!(told.remove(id).unwrap_or_default(), bench.events(*id).await.unwrap(), "of job {id}");
    }
    assert_eq!(told, HashMap::new(), "of jobs that nobody asked for");
}

/// Jobs with a history of several kinds; their ids.
async fn lives(bench: &Bench) -> Vec<JobId> {
    let hand = bench.hand().await;
    let mut ids = bench.add_all(vec![job("a"), job("a"), job("a"), job("a")]).await;
    let claimed = hand.claim(&["a"], 4).await;
    let ends =
        [complete(&claimed[0]), complete(&claimed[1]), fail(&claimed[2], Some(Duration::ZERO)), release(&claimed[3])];
    hand.store.settle(&ends).await.unwrap();
    ids.push(bench.add_one(job("b")).await);
    assert!(bench.changed(ids[4], Change::Edit(JobEdit { priority: Some(2), ..JobEdit::default() })).await);
    assert!(bench.changed(ids[4], Change::Cancel).await);
    assert!(bench.changed(ids[4], Change::Retry).await);
    let again = hand.claim(&["a", "b"], 10).await;
    assert_eq!(again.len(), 3);
    hand.store.settle(&again.iter().map(complete).collect::<Vec<_>>()).await.unwrap();
    ids.push(bench.add_one(job("w")).await);
    let wait =
        Wait { until: Some(bench.now().await.plus(PATIENCE)), on: None, name: "__wait_0".into(), entry: "{}".into() };
    let waits = hand.take("w").await;
    assert_eq!(hand.settle(end(&waits, Outcome::Waiting(wait))).await, Settled::Applied);
    ids
}

pub async fn what_another_handle_writes_is_read_in_order(bench: &Bench) {
    let reader = bench.second();
    let after = now(&*reader).await;
    let ids = lives(bench).await;
    let (events, after) = read(&*reader, after, &all(), 500).await;
    assert_histories(bench, &plain(&events), &ids).await;
    assert_eq!(read(&*reader, after.clone(), &all(), 500).await.0, []);
    let more = bench.add_one(job("c")).await;
    let (events, _) = read(&*reader, after, &all(), 500).await;
    assert_histories(bench, &plain(&events), &[more]).await;
}

pub async fn each_event_is_a_place_to_go_on_from(bench: &Bench) {
    let after = now(&**bench).await;
    lives(bench).await;
    let (events, _) = read(&**bench, after, &all(), 500).await;
    for (at, placed) in events.iter().enumerate() {
        let (rest, _) = read(&**bench, After::Place(placed.place.clone()), &all(), 500).await;
        assert_eq!(plain(&rest), plain(&events[at + 1..]), "behind {placed:?}");
    }
}

pub async fn pages_of_any_size_give_the_same(bench: &Bench) {
    let after = now(&**bench).await;
    lives(bench).await;
    let (events, _) = read(&**bench, after.clone(), &all(), 500).await;
    for limit in [1, 2, 3, 5] {
        let (same, _) = read(&**bench, after.clone(), &all(), limit).await;
        assert_eq!(plain(&same), plain(&events), "in pages of {limit}");
    }
}

pub async fn it_begins_with_what_is_written_from_now_on(bench: &Bench) {
    lives(bench).await;
    let after = now(&**bench).await;
    assert_eq!(read(&**bench, after.clone(), &all(), 500).await.0, []);
    let id = bench.add_one(job("c")).await;
    let (events, _) = read(&**bench, after, &all(), 500).await;
    assert_histories(bench, &plain(&events), &[id]).await;
}

pub async fn it_can_begin_behind_the_id_of_an_event(bench: &Bench) {
    // Redis keeps what was written while somebody read.
    let begun = now(&**bench).await;
    lives(bench).await;
    let (events, _) = read(&**bench, begun, &all(), 500).await;
    let events = plain(&events);
    for first in &events {
        let (behind, _) = read(&**bench, After::Event(first.id), &all(), 3).await;
        let expected: Vec<_> = events.iter().filter(|event| event.id > first.id).cloned().collect();
        assert_eq!(plain(&behind), expected, "behind {first:?}");
    }
}

pub async fn it_can_be_narrowed_to_kinds_and_to_one_job(bench: &Bench) {
    let after = now(&**bench).await;
    let ids = lives(bench).await;
    let (events, _) = read(&**bench, after.clone(), &all(), 500).await;
    let narrow = [
        Wanted { kinds: vec![Kind::Completed, Kind::Failed], job_id: None },
        Wanted { kinds: Vec::new(), job_id: Some(ids[4]) },
        Wanted { kinds: vec![Kind::Added], job_id: Some(ids[0]) },
        Wanted { kinds: vec![Kind::Prolonged], job_id: None },
    ];
    for wanted in narrow {
        for limit in [2, 500] {
            let (some, behind) = read(&**bench, after.clone(), &wanted, limit).await;
            let expected: Vec<_> = plain(&events).into_iter().filter(|event| wanted.takes(event)).collect();
            assert_eq!(plain(&some), expected, "{wanted:?}");
            assert_eq!(read(&**bench, behind, &all(), limit).await.0, [], "what was left out is passed over");
        }
    }
}

pub async fn a_large_batch_is_told_once_and_whole(bench: &Bench) {
    let after = now(&**bench).await;
    let mut jobs: Vec<_> = (0..2_500).map(|_| job("a")).collect();
    jobs[7].idempotency_key = Some("taken".to_owned());
    let first = bench.add_one(NewJob { idempotency_key: Some("taken".to_owned()), ..job("a") }).await;
    let mut ids: Vec<_> = bench.add(jobs).await.unwrap().iter().filter(|one| one.created).map(|one| one.id).collect();
    ids.push(first);
    assert_eq!(ids.len(), 2_500);
    for limit in [100, 1_000] {
        let (events, behind) = read(&**bench, after.clone(), &all(), limit).await;
        assert!(events.iter().all(|one| one.event.kind == Kind::Added));
        let told: Vec<_> = events.iter().map(|one| one.event.job_id).collect();
        assert_eq!((told.len(), told.iter().collect::<HashSet<_>>()), (2_500, ids.iter().collect()));
        let (rest, _) = read(&**bench, After::Place(events[1_234].place.clone()), &all(), limit).await;
        assert_eq!(plain(&rest), plain(&events[1_235..]));
        assert_eq!(read(&**bench, behind, &all(), limit).await.0, []);
    }
    assert_eq!(bench.events(ids[1_000]).await.unwrap().len(), 1);
}

pub async fn what_was_not_done_is_not_told(bench: &Bench) {
    let after = now(&**bench).await;
    let id = bench.add_one(NewJob { idempotency_key: Some("k".to_owned()), ..job("a") }).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    hand.settle(complete(&claimed)).await;
    // None of these does anything.
    bench.add(vec![NewJob { idempotency_key: Some("k".to_owned()), ..job("a") }]).await.unwrap();
    hand.settle(complete(&claimed)).await;
    hand.settle(fail(&claimed, None)).await;
    assert!(!bench.changed(id, Change::Cancel).await);
    assert!(hand.claim(&["a"], 1).await.is_empty());
    let (events, _) = read(&**bench, after, &all(), 500).await;
    assert_histories(bench, &plain(&events), &[id]).await;
}

/// Waits for the next event.
async fn next(store: &dyn Storage, after: &mut After) -> Event {
    let tail = timeout(PATIENCE, next_events(store, after.clone(), &all())).await.expect("no event came").unwrap();
    let first = tail.events[0].clone();
    *after = After::Place(first.place);
    first.event
}

pub async fn whoever_waits_is_told_of_what_another_handle_writes(bench: &Bench) {
    let reader = bench.second();
    let mut after = now(&*reader).await;
    for turn in 0..3 {
        let waiting = async {
            let mut at = after.clone();
            (next(&*reader, &mut at).await, at)
        };
        let writing = async {
            tokio::time::sleep(Duration::from_millis(50 * turn)).await;
            bench.add_one(job("a")).await
        };
        let ((event, behind), id) = tokio::join!(waiting, writing);
        assert_eq!((event.job_id, event.kind), (id, Kind::Added));
        after = behind;
    }
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!(next(&*reader, &mut after).await.kind, Kind::Processing);
    hand.settle(complete(&claimed)).await;
    assert_eq!(next(&*reader, &mut after).await.kind, Kind::Completed);
}

pub async fn it_goes_on_after_its_connections_were_cut(bench: &Bench) {
    let reader = bench.second();
    let mut after = now(&*reader).await;
    let mut told = Vec::new();
    let (mut added, wanted) = (Vec::new(), all());
    for round in 0..6 {
        let waiting = next_events(&*reader, after.clone(), &wanted);
        let writing = async {
            bench.driver().cut(if round % 2 == 0 { Connections::All } else { Connections::Listening }).await;
            loop {
                // The writer's own connection was cut too: what it could not tell may be there all the same.
                if let Ok(one) = bench.add(vec![job("a")]).await {
                    return one[0].id;
                }
            }
        };
        let (tail, id) = tokio::join!(timeout(PATIENCE, waiting), writing);
        let tail = tail.expect("no event came").unwrap();
        told.extend(tail.events.iter().map(|one| one.event.job_id));
        added.push(id);
        after = After::Place(tail.next);
    }
    let (rest, _) = read(&*reader, after, &all(), 500).await;
    told.extend(rest.iter().map(|one| one.event.job_id));
    assert_eq!(told.len(), told.iter().collect::<HashSet<_>>().len(), "some were told twice: {told:?}");
    assert!(added.iter().all(|id| told.contains(id)), "some were not told: {added:?}, {told:?}");
}

pub async fn writers_at_once_lose_nothing_and_tell_nothing_twice(bench: &Bench) {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let reader = bench.second();
    let mut after = now(&*reader).await;
    let stores: Vec<Arc<dyn Storage>> = (0..WRITERS).map(|_| bench.second()).collect();
    let writing = stores.iter().map(|store| async move {
        let hand = Hand::with_lease(Arc::clone(store), Duration::from_secs(600)).await;
        for at in 0..EACH {
            store.add((0..=at % 3).map(|_| job("a")).collect()).await.unwrap();
            let claimed = hand.claim(&["a"], 2).await;
            let ends: Vec<_> =
                claimed.iter().map(|one| if at % 4 == 0 { fail(one, None) } else { complete(one) }).collect();
            store.settle(&ends).await.unwrap();
        }
    });
    let mut events = Vec::new();
    let reading = async {
        let mut place = after.clone();
        // As many adds as the writers make are told, sooner or later.
        let expected: usize = WRITERS * (0..EACH).map(|at| at % 3 + 1).sum::<usize>();
        while events.iter().filter(|one: &&Placed| one.event.kind == Kind::Added).count() < expected {
            let tail = timeout(PATIENCE, next_events(&*reader, place, &all())).await.expect("no event came").unwrap();
            events.extend(tail.events);
            place = After::Place(tail.next);
        }
        place
    };
    let (place, _) = tokio::join!(reading, futures_util::future::join_all(writing));
    after = place;
    events.extend(read(&*reader, after, &all(), 500).await.0);
    let ids: Vec<_> = by_job(&plain(&events)).into_keys().collect();
    assert_histories(bench, &plain(&events), &ids).await;
}

pub async fn a_place_of_another_store_is_refused(bench: &Bench) {
    for text in ["", "x", "p", "s", "r", "12", "s12x", "p1:2", "r1-1", "\u{e4}"] {
        let refused = bench.tail(&After::Place(text.to_owned()), &all(), 10).await;
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.contains("cursor")), "{text:?}: {refused:?}");
    }
}
