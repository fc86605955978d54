-- Takes the leases that `{chosen}` finds and makes their jobs claimable, or ends them as lost, with their dead letters, or as cancelled: job_queue_pkey,
-- job_ready_pkey, job_watchers_pkey. A worker goes with the first lease that is taken from it, so that its renewal tells it:
-- job_workers_pkey.
WITH {workers} chosen AS MATERIALIZED (
    {chosen}
), buried AS (
    DELETE FROM {schema}.job_workers WHERE id = ANY (ARRAY(SELECT worker_id FROM chosen))
), held AS MATERIALIZED (
    SELECT o.*, CASE WHEN o.cancel_requested_at IS NOT NULL THEN 'cancelled'
        WHEN o.attempts >= o.max_attempts OR o.crashes + 1 >= $2::int4 THEN 'failed' ELSE 'pending' END AS next_status
    FROM chosen c CROSS JOIN LATERAL (
        SELECT id, attempts, max_attempts, crashes, cancel_requested_at FROM {schema}.job_queue
        WHERE id = c.job_id AND status = 'processing' AND lease_worker = c.worker_id AND lease_token = c.token FOR UPDATE
    ) o
), done AS (
    UPDATE {schema}.job_queue j SET status = h.next_status, crashes = j.crashes + 1, updated_at = now(), locked_at = NULL,
        locked_by = NULL, lease_worker = NULL, lease_token = NULL, next_attempt_at = NULL,
        wait_until = NULL,
        dead_lettered_at = CASE WHEN h.next_status = 'failed' AND j.dead_letter_job_type IS NOT NULL THEN now() ELSE j.dead_lettered_at END,
        dead_letter_job_id = CASE WHEN h.next_status = 'failed' AND j.dead_letter_job_type IS NOT NULL
            THEN nextval('{schema_text}.job_queue_id_seq') ELSE j.dead_letter_job_id END,
        last_failed_at = CASE h.next_status WHEN 'failed' THEN now() ELSE j.last_failed_at END,
        last_cancelled_at = CASE h.next_status WHEN 'cancelled' THEN now() ELSE j.last_cancelled_at END,
        failure_reason = CASE h.next_status WHEN 'failed' THEN 'lost' ELSE j.failure_reason END,
        error_history = CASE WHEN h.next_status <> 'failed' THEN j.error_history
            WHEN jsonb_array_length(j.error_history) < $3::int4 THEN j.error_history || s.entry
            ELSE (j.error_history - 0) || s.entry END
    FROM held h CROSS JOIN LATERAL (
        SELECT jsonb_build_object('message', {lost}, 'type', NULL, 'traceback', NULL, 'attempt', h.attempts,
            'timestamp', {stamp}) AS entry
    ) s
    WHERE j.id = h.id AND {each h.id}
    RETURNING j.id, j.status, j.job_type, j.priority, j.run_at, j.next_attempt_at, j.has_dependents, {lost} AS message, 'lost' AS reason,
        j.group_id, j.group_tier, {lettered}
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, run_at, ~priority, false, job_type, group_id, group_tier FROM done WHERE status = 'pending' {replace_ready}
), {letters}, noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata)
    SELECT id, clock_timestamp(), CASE status WHEN 'pending' THEN 'reclaimed' ELSE status END, CASE status WHEN 'failed' THEN
        jsonb_build_object('message', {lost}, 'reason', 'lost', 'attempt', attempts, 'will_retry', false)
        WHEN 'cancelled' THEN '{"running": true}' END FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers
    WHERE job_id = ANY (ARRAY(SELECT id FROM done WHERE status <> 'pending')) RETURNING job_id
)
SELECT array_agg(id), array_agg(status <> 'pending'), (SELECT max(job_id) FROM chosen), {looked_at}, {told}, {letter_count}
FROM done
