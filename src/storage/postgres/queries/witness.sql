-- Lets each of these jobs, of which nothing but tags is waited for any more, wait for one job that has the tags and has not ended:
-- job_queue_pkey, idx_job_queue_tags, idx_job_dependencies_job_id, job_dependencies_pkey. That one is locked, so that an end under way is waited for and seen.
WITH waiter AS MATERIALIZED (
    SELECT id, depends_on_tags FROM {schema}.job_queue
    WHERE id = ANY ({ids}) AND coalesce(blocked, false) AND status = 'pending' AND open_prerequisites = 1 AND depends_on_tags IS NOT NULL
), cut AS (
    DELETE FROM {schema}.job_dependencies WHERE job_id = ANY (ARRAY(SELECT id FROM waiter)) AND by_tag RETURNING job_id
), found AS MATERIALIZED (
    SELECT w.id AS job_id, k.id FROM waiter w CROSS JOIN LATERAL (
        SELECT id FROM {schema}.job_queue
        WHERE tags @> w.depends_on_tags AND tags IS NOT NULL AND id <> w.id
            AND (status IN ('pending', 'processing', 'waiting') OR status = 'failed' AND next_attempt_at IS NOT NULL)
        ORDER BY id + 0 DESC LIMIT 1 FOR NO KEY UPDATE
    ) k WHERE (SELECT count(*) FROM cut) >= 0
), noted AS (
    UPDATE {schema}.job_queue j SET has_dependents = true FROM (SELECT DISTINCT id FROM found) f
    WHERE j.id = f.id AND j.has_dependents IS NULL AND {each f.id}
), bound AS (
    INSERT INTO {schema}.job_dependencies (prerequisite_id, job_id, by_tag) SELECT id, job_id, true FROM found
    ON CONFLICT (prerequisite_id, job_id, by_tag) DO NOTHING
)
SELECT {bound} FROM found
