-- Moves jobs that fell due to the ready table: idx_job_scheduled_due, job_ready_pkey.
WITH due AS MATERIALIZED (
    SELECT s.* FROM unnest($1::text[]) AS t (job_type) CROSS JOIN LATERAL (
        SELECT job_id, due_at, priority, retrying, job_type, group_id, group_tier, ctid AS place FROM {schema}.job_scheduled
        WHERE job_type = t.job_type AND due_at <= now()
        ORDER BY due_at LIMIT (SELECT $2::int8) FOR UPDATE SKIP LOCKED
    ) s
), gone AS (
    DELETE FROM {schema}.job_scheduled WHERE ctid = ANY (ARRAY(SELECT place FROM due))
)
INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
SELECT job_id, due_at, ~priority, retrying, job_type, group_id, group_tier FROM due ON CONFLICT (job_id) DO NOTHING
