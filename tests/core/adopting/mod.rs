//! Databases of the TypeScript library that were adopted: what they keep, and how both libraries write to them.

mod writing;

use std::sync::Arc;
use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::JobId;
use dataqueue::model::Status::{Cancelled, Completed, Failed, Pending, Processing};
use dataqueue::storage::Storage;

use crate::bench::{Driver, Foreign, Hand, Postgres};

const LEASE: Duration = Duration::from_secs(60);

/// Runs a test on a fresh schema of that library, which is not adopted yet.
fn on(kind: Foreign, test: impl AsyncFnOnce(&Postgres, Arc<dyn Storage>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    #[allow(clippy::disallowed_methods, reason = "a test has no Python thread")]
    runtime.block_on(async {
        let place = Postgres::fresh();
        place.make_foreign(kind).await;
        let store = place.open(place.options());
        test(&place, Arc::clone(&store)).await;
        store.close().await;
        place.remove().await;
    });
}

const BOTH: [Foreign; 2] = [Foreign::Released, Foreign::Latest];

/// Jobs in each state, the ids of which count up from 1.
const JOBS: &str = "
insert into SCHEMA.job_queue (job_type, payload, tags, priority) values ('a', '{\"n\": 1}', '{x,y}', 5);
insert into SCHEMA.job_queue (job_type, payload, run_at) values ('a', '2', now() + interval '1 hour');
insert into SCHEMA.job_queue (job_type, payload, status, attempts, next_attempt_at, last_failed_at, error_history, failure_reason)
    values ('a', '3', 'failed', 1, now() - interval '1 minute', now(), '[{\"message\": \"no\", \"timestamp\": \"2026-01-01T00:00:00Z\"}]', 'handler_error'),
    ('a', '4', 'failed', 1, now() + interval '1 hour', now(), null, null), ('a', '5', 'failed', 3, null, now(), '[]', 'timeout');
insert into SCHEMA.job_queue (job_type, payload, status, attempts, locked_at, locked_by) values ('a', '6', 'processing', 1, now(), 'theirs');
insert into SCHEMA.job_queue (job_type, payload, status, completed_at) values ('a', '7', 'completed', now()), ('a', '8', 'cancelled', null);
insert into SCHEMA.job_queue (job_type, payload, status, priority, attempts, max_attempts, run_at, created_at)
    values ('a', '9', 'pending', null, null, null, now(), null);
insert into SCHEMA.job_events (job_id, event_type, metadata) select id, 'added', '{}' from SCHEMA.job_queue;
";

async fn ids(hand: &Hand) -> Vec<JobId> {
    let mut ids: Vec<_> = hand.claim(&["a"], 50).await.iter().map(|claimed| claimed.job.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_schema_of_others_is_adopted_only_if_asked_for() {
    for kind in BOTH {
        on(kind, async |place, store| {
            place.run_all(JOBS).await;
            let Err(Error::Invalid(told)) = store.migrate(None).await else { panic!("it was migrated") };
            assert!(told.contains("migrate up --adopt"), "{told}");
            assert!(!place.is_true("select to_regclass('SCHEMA.job_ready') is not null").await);
            assert!(!place.is_true("select to_regclass('SCHEMA.dataqueue_migrations') is not null").await);
            assert!(place.is_true("select count(*) = 9 from SCHEMA.job_queue").await);
        });
    }
}

#[test]
fn another_table_of_that_name_is_left_alone() {
    on(Foreign::Released, async |place, store| {
        place.run_all("alter table SCHEMA.job_queue drop column tags").await;
        let told = store.adopt().await.unwrap_err().to_string();
        assert!(told.contains("lacks tags"), "{told}");
        assert!(!place.is_true("select to_regclass('SCHEMA.job_ready') is not null").await);
    });
}

#[test]
fn what_is_there_is_kept_and_what_waits_can_be_claimed() {
    for kind in BOTH {
        on(kind, async |place, store| {
            place.run_all(JOBS).await;
            assert!(!store.adopt().await.unwrap().is_empty());
            assert!(store.adopt().await.unwrap().is_empty());
            assert!(store.migrate(None).await.unwrap().is_empty());
            for column in ["job_queue.id", "job_events.id", "job_events.job_id"] {
                let (table, name) = column.split_once('.').unwrap();
                let asked = format!(
                    "select format_type(atttypid, null) = 'integer' from pg_attribute \
                     where attrelid = 'SCHEMA.{table}'::regclass and attname = '{name}'"
                );
                assert!(place.is_true(&asked).await, "{column}");
            }
            let jobs = store.get(&(1..=9).collect::<Vec<_>>()).await.unwrap();
            let statuses: Vec<_> = jobs.iter().map(|job| job.status).collect();
            assert_eq!(
                statuses,
                [Pending, Pending, Failed, Failed, Failed, Processing, Completed, Cancelled, Pending],
                "{jobs:#?}"
            );
            assert_eq!((jobs[8].priority, jobs[8].attempts, jobs[8].max_attempts), (0, 0, 3));
            assert_eq!(store.events(1).await.unwrap().len(), 1);
            let hand = Hand::with_lease(Arc::clone(&store), LEASE).await;
            assert_eq!(ids(&hand).await, [1, 3, 9]);
            let added = store.add(vec![crate::bench::job("a")]).await.unwrap();
            assert_eq!(added[0].id, 10);
            assert_eq!(ids(&hand).await, [10]);
        });
    }
}

#[test]
fn going_down_never_drops_what_was_there_before() {
    on(Foreign::Released, async |place, store| {
        place.run_all(JOBS).await;
        store.adopt().await.unwrap();
        for target in 0..3 {
            let told = store.migrate(Some(target)).await.unwrap_err().to_string();
            assert!(told.contains("adopted") && told.contains("3 is the lowest"), "{told}");
        }
        store.migrate(Some(14)).await.unwrap();
        store.migrate(None).await.unwrap();
        assert!(place.is_true("select count(*) = 9 from SCHEMA.job_queue").await);
    });
}
