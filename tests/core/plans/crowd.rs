//! A store as it looks after some time: forty thousand jobs, most of them finished, the others in every state.

use dataqueue::storage::StoreOptions;
use rusqlite::Connection;
use tokio_postgres::{Config, NoTls};

use crate::bench::Bench;

/// On PostgreSQL.
pub async fn on_postgres(bench: &Bench) {
    bench.forget_history();
    run_on_postgres(bench, POSTGRES).await;
}

/// As [`on_postgres`], and behind these a million jobs that were completed and a million that are not due yet.
pub async fn millions_on_postgres(bench: &Bench) {
    on_postgres(bench).await;
    run_on_postgres(bench, MILLIONS).await;
}

async fn run_on_postgres(bench: &Bench, sql: &str) {
    let StoreOptions::Postgres(options) = bench.driver().options() else { panic!("no server") };
    let mut config = Config::new();
    for (host, port) in &options.hosts {
        config.host(host).port(*port);
    }
    config.user(&options.user).dbname(&options.database);
    if let Some(password) = &options.password {
        config.password(password);
    }
    let (client, connection) = config.connect(NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    client.batch_execute(&format!("set search_path to {}; {sql}", options.schema)).await.unwrap();
    drop(client);
    driven.await.unwrap().unwrap();
}

/// Of each forty jobs in a row, twenty-eight are completed. Workers 1 to 19 live; the twentieth is gone and left leases.
const POSTGRES: &str = "
insert into job_workers (renewed_at, expires_at, lease_ms, name)
    select now(), now() + interval '1 hour', 30000, 'worker ' || n from generate_series(1, 19) n;
insert into job_queue (job_type, status, payload, priority, max_attempts, attempts, created_at, updated_at, run_at, tags,
    idempotency_key, completed_at, last_failed_at, next_attempt_at, last_cancelled_at, wait_until, locked_at, locked_by,
    lease_worker, lease_token, added_event, claimed_event, completed_event)
select case when n % 4000 = 0 then 'rare' else 'type_' || n / 40 % 20 end, s.status, '{}', n / 40 % 5, 5, 1, t.at, t.at, t.at,
    case when n % 3 = 0 then array['tag_' || n / 40 % 50, 'all'] end, case when n % 4 = 0 then 'key_' || n end,
    case when s.status = 'completed' then t.at end, case when s.status = 'failed' then t.at end,
    case when n % 40 = 30 then now() + interval '1 hour' end, case when s.status = 'cancelled' then t.at end,
    case when s.status = 'waiting' then now() + interval '1 hour' end, case when s.status = 'processing' then now() end,
    case when s.status = 'processing' then 'worker' end, case when s.status = 'processing' then n / 40 % 20 + 1 end, n / 40 / 100 + 1,
    n / 10 * 3 + 1, n / 10 * 3 + 2, n / 10 * 3 + 3
from generate_series(1, 40000) n
cross join lateral (select case when n % 40 < 28 then 'completed' when n % 40 < 31 then 'failed' when n % 40 < 37 then 'pending'
    when n % 40 = 37 then 'processing' when n % 40 = 38 then 'cancelled' else 'waiting' end as status) s
cross join lateral (select case when n % 40 between 34 and 36 then now() + n * interval '1 second'
    else now() - (50000 - n) * interval '1 minute' end as at) t;
insert into job_ready (job_id, due_at, rank, retrying, job_type)
    select id, run_at, ~priority, false, job_type from job_queue where status = 'pending' and run_at <= now();
insert into job_scheduled (job_id, due_at, priority, retrying, job_type)
    select id, coalesce(next_attempt_at, run_at), priority, status = 'failed', job_type from job_queue
    where status = 'pending' and run_at > now() or next_attempt_at is not null;
update job_queue set group_id = 'group_' || id % 500 where id % 3 = 0;
update job_ready r set group_id = j.group_id from job_queue j where j.id = r.job_id;
insert into job_line (job_id, due_at, rank, retrying, job_type, group_id)
    select id, run_at, ~priority, false, job_type, 'group_' || id % 500 from job_queue where status = 'cancelled';
insert into job_groups (group_id, running, most, paused) select 'group_' || n, n % 3, 2, n % 100 = 0 from generate_series(0, 499) n;
update job_groups set starts = 9, per_seconds = 60, spent_at = array[now() - interval '2 minutes', now()], spent = '{5,5}',
    opens_at = now() + running * interval '1 minute' + interval '1 minute' where running > 0;
insert into job_slots (job_id, job_type, group_id)
    select id, job_type, group_id from job_queue where status = 'processing';
insert into job_types (job_type, running, max_running, rate_key, paused)
    select 'type_' || n, 50, 55, case when n % 2 = 0 then 'key_' || n end, n = 19 from generate_series(1, 19) n;
insert into job_rates (key, most, per_seconds, spent_at, spent)
    select 'key_' || n, 100, 60, array[now() - interval '2 minutes', now()], '{50,50}' from generate_series(2, 18, 2) n;
insert into job_settings (name, value) values ('groups', '{\"most\": 2, \"rates\": {\"tiers\": {\"gold\": [9, 60]}, \"others\": [5, 60]}}');
update job_queue set expires_at = run_at + interval '1 minute', attempts = 0 where id % 40 = 31;
update job_queue set extras = jsonb_build_object('keep_result_for', 60) where id % 400 = 3;
insert into job_terms (job_id, due_at)
    select id, coalesce(expires_at, case when id % 800 = 3 then completed_at else now() end + interval '1 minute') from job_queue
    where expires_at is not null or extras is not null;
insert into job_unique (key, job_id, expires_at)
    select 'kind_' || n, n, case when n % 3 = 0 then now() end from generate_series(1, 9000) n;
insert into job_claims (worker_id, token, job_ids, cancelling)
    select lease_worker, lease_token, array_agg(id), coalesce(array_agg(id) filter (where id % 80 = 37), '{}') from job_queue
    where status = 'processing' group by lease_worker, lease_token;
insert into job_claims (worker_id, token, job_ids) select 1, n, '{}' from generate_series(100, 1100) n;
insert into job_events (job_id, created_at, event_type)
    select id, created_at, 'edited' from job_queue cross join generate_series(1, 3);
insert into job_event_batches (id, created_at, event_type, job_ids)
    select id / 10 * 3 + place, min(created_at), kind, array_agg(id)
    from job_queue cross join unnest(array['added', 'processing', 'completed']) with ordinality as k (kind, place)
    group by id / 10, kind, place order by 1;
update job_queue set wait_token_id = case when id % 80 = 39 then 'wp_' || id else 'job:' || id - 2 end
    where status = 'waiting';
insert into waitpoints (id, job_id, status, timeout_at, completed_at, created_at)
    select 'wp_' || n, case when n % 2 = 1 then n end, s.status,
        case when s.status <> 'completed' then now() + (20000 - n) * interval '1 minute' end,
        case when s.status = 'completed' then now() - n * interval '1 minute' end, now()
    from generate_series(1, 40000) n
    cross join lateral (select case when n % 20 < 19 then 'completed' when n % 40 = 39 then 'waiting' else 'timed_out' end as status) s;
insert into job_dependencies (prerequisite_id, job_id, by_tag)
    select id + 4, id, id % 400 = 73 from job_queue where id % 40 = 33;
update job_queue set blocked = true, open_prerequisites = case when id % 400 = 113 then 2 else 1 end, pending_reason = 'waits',
    depends_on_tags = case when id % 400 in (73, 113) then array['tag_3', 'all'] end where id % 40 = 33;
delete from job_ready where job_id % 40 = 33;
insert into job_watchers (job_id, expires_at)
    select id, now() + interval '1 hour' from job_queue where status = 'processing' limit 20;
insert into cron_schedules (schedule_name, cron_expression, job_type, payload, status, updated_at, next_run_at, last_job_id)
    select 'schedule ' || n, '* * * * *', 'type_1', '{}', case when n % 10 = 0 then 'paused' else 'active' end, '2020-01-01',
        case when n = 7 then '2020-01-02'::timestamptz when n % 20 = 5 then now() - n * interval '1 second'
            else now() + n * interval '1 second' end, n
    from generate_series(1, 3000) n;
analyze cron_schedules, waitpoints, job_workers, job_queue, job_ready, job_scheduled, job_claims, job_events, job_event_batches, job_watchers,
    job_line, job_groups, job_slots, job_terms, job_unique, job_dependencies;
";

const MILLIONS: &str = "
insert into job_queue (job_type, status, payload, priority, max_attempts, attempts, created_at, updated_at, run_at, tags,
    completed_at, added_event, claimed_event, completed_event)
select 'type_' || n % 20, 'completed', '{}', n % 5, 5, 1, t.at, t.at, t.at,
    case when n % 30 = 0 then array['tag_' || n % 50, 'all'] end, t.at, 1000000 + n / 100 * 3, 1000001 + n / 100 * 3, 1000002 + n / 100 * 3
from generate_series(1, 1000000) n cross join lateral (select now() - (2000000 - n) * interval '1 second' as at) t;
insert into job_events (job_id, created_at, event_type)
    select id, created_at, 'edited' from job_queue where id > 40000 order by id;
insert into job_event_batches (id, created_at, event_type, job_ids)
    select completed_event, min(created_at), 'completed', array_agg(id) from job_queue where id > 40000 group by completed_event order by 1;
insert into job_queue (job_type, status, payload, priority, max_attempts, run_at)
    select 'type_' || n % 20, 'pending', '{}', n % 5, 5, now() + n * interval '1 second' + interval '1 day'
    from generate_series(1, 1000000) n;
insert into job_scheduled (job_id, due_at, priority, retrying, job_type)
    select id, run_at, priority, false, job_type from job_queue where id > 40000 and status = 'pending';
insert into job_line (job_id, due_at, rank, retrying, job_type, group_id)
    select 10000000 + n, now(), 0, false, 'type_1', 'group_1' from generate_series(1, 1000000) n;
analyze job_queue, job_scheduled, job_events, job_event_batches, job_line;
";

/// On SQLite.
pub async fn on_sqlite(bench: &Bench) {
    bench.forget_history();
    let StoreOptions::Sqlite(options) = bench.driver().options() else { panic!("no file") };
    let path = options.path.unwrap();
    tokio::task::spawn_blocking(move || Connection::open(path).unwrap().execute_batch(SQLITE).unwrap()).await.unwrap();
}

/// As the one above.
const SQLITE: &str = "
with recursive n (n) as (select 1 union all select n + 1 from n where n < 40000),
s (n, status) as (select n, case when n % 40 < 28 then 'completed' when n % 40 < 31 then 'failed' when n % 40 < 37 then 'pending'
    when n % 40 = 37 then 'processing' when n % 40 = 38 then 'cancelled' else 'waiting' end from n)
insert into job_queue (id, job_type, status, payload, priority, created_at, updated_at, run_at, tags, next_attempt_at,
    locked_at, locked_by, lease_worker, lease_token)
select n, case when n % 4000 = 0 then 'rare' else 'type_' || n / 40 % 20 end, status, '{}', n / 40 % 5, n, n, n,
    case when n % 3 = 0 then json_array('tag_' || n / 40 % 50, 'all') else '[]' end,
    case when n % 40 = 30 then 9000000000000000 end, case when status = 'processing' then n end,
    case when status = 'processing' then 'worker' end, case when status = 'processing' then n / 40 % 20 + 1 end, 1
from s;
insert into job_workers (id, name, renewed_at, expires_at)
    select distinct lease_worker, 'worker', 1, 9000000000000000 from job_queue where lease_worker is not null;
insert into cron_schedules (schedule_name, cron_expression, job_type, payload, status, created_at, updated_at, next_run_at, last_job_id)
    select 'schedule ' || id, '* * * * *', 'type_1', '{}', iif(id % 10 = 0, 'paused', 'active'), 1, 1, id, id
    from job_queue where id <= 3000;
insert into job_tags select value, job_queue.id from job_queue, json_each(job_queue.tags);
insert into job_ready (job_type, priority, due_at, job_id, is_retry)
    select job_type, priority, run_at, id, 0 from job_queue where status = 'pending' and id % 40 < 34;
insert into job_scheduled (job_type, due_at, job_id, priority, is_retry)
    select job_type, 9000000000000000, id, priority, status = 'failed' from job_queue where id % 40 in (30, 34, 35, 36);
insert into job_dependencies (prerequisite_id, job_id, by_tag)
    select id + 4, id, id % 400 = 73 from job_queue where id % 40 = 33;
update job_queue set blocked = 1 where id % 40 = 33;
delete from job_ready where job_id % 40 = 33;
insert into job_leases (worker_id, job_id, token, is_retry)
    select lease_worker, id, 1, 0 from job_queue where status = 'processing';
update job_queue set wait_token_id = case when id % 80 = 39 then 'wp_' || id else 'job:' || (id - 2) end where status = 'waiting';
with recursive n (n) as (select 1 union all select n + 1 from n where n < 40000)
insert into waitpoints (id, job_id, status, timeout_at, completed_at, created_at)
    select 'wp_' || n, case when n % 2 = 1 then n end,
        case when n % 20 < 19 then 'completed' when n % 40 = 39 then 'waiting' else 'timed_out' end,
        case when n % 20 = 19 then n end, case when n % 20 < 19 then n end, n from n;
insert into job_events (job_id, event_type, created_at)
    select job_queue.id, value, created_at from job_queue, json_each('[\"added\", \"processing\", \"completed\"]');
";
