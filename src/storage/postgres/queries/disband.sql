-- Makes jobs of a group's line claimable, or of any line, at most so many: idx_job_line_head, job_ready_pkey.
WITH heads AS MATERIALIZED (
    SELECT *, ctid AS place FROM {schema}.job_line WHERE $1::text IS NULL OR group_id = $1::text
    ORDER BY group_id, job_type, rank, due_at, job_id LIMIT (SELECT $2::int8) FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM {schema}.job_line WHERE ctid = ANY (ARRAY(SELECT place FROM heads))
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier FROM heads ON CONFLICT (job_id) DO NOTHING
)
SELECT count(*) FROM heads
