//! The other library writes while ours works: statements as its documentation describes what they do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dataqueue::model::{
    Awaited, DependsOn, Extras, JobId, NewJob, NewToken, Outcome, Settled, Settlement, Status, Wait,
};
use dataqueue::storage::Storage;

use super::{BOTH, LEASE, ids, on};
use crate::bench::{Driver, Foreign, Hand, Postgres, complete, eventually, job};

const ADD: &str = "insert into SCHEMA.job_queue (job_type, payload) values ('a', '{}')";
const CLAIM: &str = "
update SCHEMA.job_queue set status = 'processing', locked_at = now(), locked_by = 'theirs', attempts = attempts + 1, updated_at = now(),
    pending_reason = null, started_at = coalesce(started_at, now())
where id in (
    select id from SCHEMA.job_queue where (status = 'pending' or status = 'failed' and next_attempt_at <= now())
        and attempts < max_attempts and run_at <= now()
    order by priority desc, created_at limit 3 for update skip locked
) returning id";

async fn status(store: &Arc<dyn Storage>, id: JobId) -> Status {
    store.get(&[id]).await.unwrap()[0].status
}

#[test]
fn what_is_added_wakes_workers_and_can_be_claimed() {
    for kind in BOTH {
        on(kind, async |place, store| {
            store.adopt().await.unwrap();
            let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
            let mut wakes = store.listen().await.unwrap();
            wakes.mark_unchanged();
            place.run_all(ADD).await;
            eventually("the worker is woken", async || wakes.has_changed().unwrap()).await;
            assert_eq!(ids(&hand).await, [1]);
            place
                .run_all(&format!("{ADD}; update SCHEMA.job_queue set run_at = now() + interval '1 hour' where id = 2"))
                .await;
            assert!(ids(&hand).await.is_empty());
            place
                .run_all("update SCHEMA.job_queue set run_at = now() - interval '1 hour', priority = 7 where id = 2")
                .await;
            let claimed = hand.claim(&["a"], 5).await;
            assert_eq!((claimed.len(), claimed[0].job.priority), (1, 7));
        });
    }
}

#[test]
fn what_is_cancelled_or_claimed_is_not_claimed_and_what_is_retried_is() {
    on(Foreign::Released, async |place, store| {
        store.adopt().await.unwrap();
        let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
        place.run_all(&[ADD; 3].join(";")).await;
        place.run_all("update SCHEMA.job_queue set status = 'cancelled', updated_at = now() where id = 1").await;
        assert!(place.is_true("select not exists (select from SCHEMA.job_ready where job_id = 1)").await);
        place.run_all(CLAIM).await;
        assert!(ids(&hand).await.is_empty());
        let fail = "update SCHEMA.job_queue set status = 'failed', next_attempt_at = now() - interval '1 second', last_failed_at = now(), \
                    failure_reason = 'handler_error', error_history = error_history || '[{\"message\": \"no\"}]' where id = 2";
        place.run_all(fail).await;
        place.run_all("update SCHEMA.job_queue set status = 'completed', completed_at = now() where id = 3").await;
        assert_eq!(ids(&hand).await, [2]);
        let retry = "update SCHEMA.job_queue set status = 'pending', locked_at = null, locked_by = null, next_attempt_at = now() where id = 1";
        place.run_all(retry).await;
        assert_eq!(ids(&hand).await, [1]);
        assert_eq!(status(&store, 3).await, Status::Completed);
        assert!(place.is_true("select count(*) = 0 from SCHEMA.job_scheduled").await);
    });
}

#[test]
fn what_a_living_worker_holds_is_left_to_it() {
    on(Foreign::Latest, async |place, store| {
        store.adopt().await.unwrap();
        let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
        place.run_all(ADD).await;
        let claimed = hand.take("a").await;
        let stuck = "update SCHEMA.job_queue set status = 'pending', locked_at = null, locked_by = null where status = 'processing'";
        let ended = "update SCHEMA.job_queue set status = 'completed', completed_at = now() where id = 1";
        for meddling in [stuck, ended] {
            place.run_all(meddling).await;
            assert_eq!(status(&store, 1).await, Status::Processing);
        }
        assert_eq!(store.settle(&[complete(&claimed)]).await.unwrap(), [Settled::Applied]);
        place.run_all(ADD).await;
        let lost = hand.take("a").await;
        place.silence(hand.worker.id, Duration::from_secs(60)).await;
        place.run_all(stuck).await;
        assert_eq!(store.settle(&[complete(&lost)]).await.unwrap(), [Settled::LeaseLost]);
        let other = Hand::with_lease(Arc::clone(&store), LEASE).await;
        assert_eq!(ids(&other).await, [2]);
    });
}

#[test]
fn a_job_of_ours_that_they_resume_goes_on() {
    on(Foreign::Latest, async |place, store| {
        store.adopt().await.unwrap();
        let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
        place.run_all(ADD).await;
        let claimed = hand.take("a").await;
        let new = NewToken { id: "wp_1".to_owned(), job_id: Some(1), timeout: None, tags: Vec::new() };
        let token = store.create_token(&new).await.unwrap();
        let entry = Bytes::from_static(b"{\"type\": \"token\"}");
        let wait = Wait { until: None, on: Some(Awaited::Token(token.id.clone())), name: "__wait_0".to_owned(), entry };
        let waits = Settlement { outcome: Outcome::Waiting(wait), ..complete(&claimed) };
        assert_eq!(store.settle(&[waits]).await.unwrap(), [Settled::Applied]);
        let resume = format!(
            "update SCHEMA.waitpoints set status = 'completed', output = '{{\"ok\": true}}', completed_at = now() where id = '{id}'; \
             update SCHEMA.job_queue set status = 'pending', wait_token_id = null, wait_until = null where id = 1 and status = 'waiting'",
            id = token.id
        );
        place.run_all(&resume).await;
        let again = hand.take("a").await;
        assert_eq!(again.job.attempts, 1);
        assert_eq!(store.settle(&[complete(&again)]).await.unwrap(), [Settled::Applied]);
        let token = store.get_token(&token.id).await.unwrap().unwrap();
        assert_eq!(token.output, Some(Bytes::from_static(b"{\"ok\": true}")));
    });
}

#[test]
fn what_waits_for_others_by_their_rules_is_theirs_to_start() {
    on(Foreign::Latest, async |place, store| {
        let add = "insert into SCHEMA.job_queue (job_type, payload, depends_on_job_ids) values ('a', '{}', '{99}')";
        place.run_all(add).await;
        store.adopt().await.unwrap();
        place.run_all(add).await;
        place.run_all("update SCHEMA.job_queue set priority = 3").await;
        let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
        assert!(ids(&hand).await.is_empty());
        assert!(place.is_true("select count(*) = 0 from SCHEMA.job_scheduled").await);
        let first = store.add(vec![job("a")]).await.unwrap()[0].id;
        let depends_on = Some(DependsOn { job_ids: vec![first], tags: Vec::new() });
        let waiting = NewJob { extras: Extras { depends_on, ..Extras::default() }.boxed(), ..job("a") };
        let second = store.add(vec![waiting]).await.unwrap()[0].id;
        let claimed = hand.take("a").await;
        assert_eq!(store.settle(&[complete(&claimed)]).await.unwrap(), [Settled::Applied]);
        eventually("what waits for ours is released", async || ids(&hand).await == [second]).await;
    });
}

#[test]
fn both_claim_at_once_and_each_job_has_one_owner() {
    on(Foreign::Released, async |place, store| {
        store.adopt().await.unwrap();
        store.add((0..200).map(|_| job("a")).collect()).await.unwrap();
        place.run_all(&[ADD; 100].join(";")).await;
        let ours = async {
            let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
            let mut owned = Vec::new();
            loop {
                let claimed = hand.claim(&["a"], 3).await;
                if claimed.is_empty() {
                    return owned;
                }
                owned.extend(claimed.iter().map(|claimed| claimed.job.id));
            }
        };
        let theirs = async |place: &Postgres| {
            let mut owned: Vec<JobId> = Vec::new();
            loop {
                let rows = place.query(CLAIM).await;
                if rows.is_empty() {
                    return owned;
                }
                owned.extend(rows.iter().map(|row| JobId::from(row.get::<_, i32>(0))));
            }
        };
        let (ours, first, second) = tokio::join!(ours, theirs(place), theirs(place));
        let all: HashSet<_> = ours.iter().chain(&first).chain(&second).collect();
        assert_eq!((all.len(), ours.len() + first.len() + second.len()), (300, 300));
        assert!(!ours.is_empty());
    });
}
