-- Cancels jobs that wait for one among these that failed for good or was cancelled, and those that wait for them in turn, some of
-- them: job_queue_pkey, job_dependencies_pkey, idx_job_dependencies_job_id, job_watchers_pkey. Answers which, for the next step to go
-- on from.
WITH RECURSIVE bad AS MATERIALIZED (
    SELECT id, status FROM {schema}.job_queue
    WHERE id = ANY ({ids}) AND (status = 'cancelled' OR status = 'failed' AND next_attempt_at IS NULL)
), doomed AS (
    SELECT d.job_id, CAST(b.id AS bigint) AS prerequisite_id, CASE b.status WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END AS ending
    FROM bad b JOIN {schema}.job_dependencies d ON d.prerequisite_id = b.id AND NOT d.by_tag AND {each b.id}
    UNION
    SELECT d.job_id, m.job_id, 'was cancelled'
    FROM doomed m JOIN {schema}.job_dependencies d ON d.prerequisite_id = m.job_id AND NOT d.by_tag AND {each m.job_id}
), first AS MATERIALIZED (
    SELECT * FROM doomed LIMIT {most}
), chosen AS MATERIALIZED (
    SELECT DISTINCT ON (job_id) job_id, 'job ' || CAST(prerequisite_id AS text) || ', which it waited for, ' || ending AS reason
    FROM first ORDER BY job_id, prerequisite_id
), cut AS (
    DELETE FROM {schema}.job_dependencies WHERE job_id = ANY (ARRAY(SELECT job_id FROM chosen)) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'cancelled', last_cancelled_at = now(), updated_at = now(), cancel_reason = c.reason,
        blocked = NULL, open_prerequisites = NULL, pending_reason = NULL
    FROM chosen c WHERE j.id = c.job_id AND coalesce(j.blocked, false) AND j.status = 'pending' AND (SELECT count(*) FROM cut) >= 0 AND {each c.job_id}
    RETURNING j.id, j.cancel_reason, j.has_dependents
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata)
    SELECT id, clock_timestamp(), 'cancelled', jsonb_build_object('reason', cancel_reason) FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT {cancelled} FROM done
