-- Queues those of these jobs that wait for tags which no job has that has not ended: job_queue_pkey, idx_job_queue_tags,
-- idx_job_dependencies_job_id. Answers how many, and how many are to be looked at once more.
WITH waiter AS MATERIALIZED (
    SELECT w.id, EXISTS (
        SELECT FROM {schema}.job_queue k
        WHERE k.tags @> w.depends_on_tags AND k.tags IS NOT NULL AND k.id <> w.id
            AND (k.status IN ('pending', 'processing', 'waiting') OR k.status = 'failed' AND k.next_attempt_at IS NOT NULL)
    ) AS held
    FROM {schema}.job_queue w
    WHERE w.id = ANY ({ids}) AND coalesce(w.blocked, false) AND w.status = 'pending' AND w.open_prerequisites = 1 AND w.depends_on_tags IS NOT NULL
        AND NOT EXISTS (SELECT FROM {schema}.job_dependencies d WHERE d.job_id = w.id)
), added AS (
    UPDATE {schema}.job_queue j SET blocked = NULL, open_prerequisites = NULL, pending_reason = NULL, updated_at = now()
    FROM waiter w WHERE j.id = w.id AND NOT w.held AND {each w.id}
    RETURNING j.id, j.job_type, j.priority, j.run_at AS due_at, false AS retrying, {no_terms}, j.group_id, j.group_tier
), {queued}
SELECT {freed} FROM waiter
