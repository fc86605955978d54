-- Notes of jobs that others wait for them. They are locked, so that an end under way is waited for and seen, and one that
-- comes later sees who waits: job_queue_pkey. Answers those that exist.
WITH held AS MATERIALIZED (
    SELECT id, has_dependents FROM {schema}.job_queue WHERE id = ANY ({ids}) ORDER BY id FOR NO KEY UPDATE
), noted AS (
    UPDATE {schema}.job_queue j SET has_dependents = true FROM held h
    WHERE j.id = h.id AND h.has_dependents IS NULL AND {each h.id}
)
SELECT {held} FROM held
