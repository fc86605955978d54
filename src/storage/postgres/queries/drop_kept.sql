-- Deletes jobs that were kept for as long as they were to be, among those whose terms are over; a trigger takes along what else belongs
-- to them: idx_job_terms_due, job_queue_pkey, idx_waitpoints_job_id.
WITH over AS MATERIALIZED (
    SELECT job_id FROM {schema}.job_terms WHERE due_at <= now() ORDER BY due_at LIMIT (SELECT $1::int8)
), gone AS (
    DELETE FROM {schema}.job_queue j USING over o WHERE j.id = o.job_id AND {each o.job_id} AND {kept_until} <= now()
    RETURNING j.id
), tokens AS (
    DELETE FROM {schema}.waitpoints WHERE job_id = ANY (ARRAY(SELECT id FROM gone))
)
SELECT count(*) FROM gone
