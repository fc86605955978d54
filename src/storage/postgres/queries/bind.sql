-- Lets jobs that were just stored wait for others: for those that completed not, and, where they are put back into the queue, for those
-- that ended otherwise neither. Those that wait for nothing are queued: job_queue_pkey, job_dependencies_pkey.
WITH item AS MATERIALIZED (
    SELECT CAST(t.item ->> 'id' AS bigint) AS id, t.item -> 'jobs' AS jobs, t.item ->> 'tags' AS tags, t.item ->> 'reason' AS reason,
        CAST(t.item ->> 'again' AS boolean) AS again
    FROM jsonb_array_elements({document}) AS t (item)
), fresh AS MATERIALIZED (
    SELECT i.* FROM item i JOIN {schema}.job_queue j ON j.id = i.id
    WHERE coalesce(j.blocked, false) AND j.status = 'pending' AND j.open_prerequisites IS NULL AND {each i.id}
), edge AS MATERIALIZED (
    SELECT i.id AS job_id, p.id AS prerequisite_id
    FROM fresh i CROSS JOIN LATERAL jsonb_array_elements_text(i.jobs) AS e (id) CROSS JOIN LATERAL (
        SELECT id FROM {schema}.job_queue WHERE id = CAST(e.id AS bigint) AND status <> 'completed'
            AND (NOT i.again OR status IN ('pending', 'processing', 'waiting') OR next_attempt_at IS NOT NULL) OFFSET 0
    ) p
), bound AS (
    INSERT INTO {schema}.job_dependencies (prerequisite_id, job_id) SELECT prerequisite_id, job_id FROM edge
    ON CONFLICT (prerequisite_id, job_id, by_tag) DO NOTHING
), counted AS MATERIALIZED (
    SELECT job_id, count(*) AS number FROM edge GROUP BY job_id
), open AS MATERIALIZED (
    SELECT i.*, coalesce(c.number, 0) + CASE WHEN i.tags IS NULL THEN 0 ELSE 1 END AS number
    FROM fresh i LEFT JOIN counted c ON c.job_id = i.id
), added AS (
    UPDATE {schema}.job_queue j SET blocked = CASE WHEN o.number > 0 THEN true END, open_prerequisites = nullif(o.number, 0),
        pending_reason = CASE WHEN o.number > 0 THEN o.reason END, depends_on_tags = CAST(o.tags AS text[]),
        depends_on_job_ids = nullif(ARRAY(SELECT CAST(e.id AS bigint) FROM jsonb_array_elements_text(o.jobs) AS e (id)), '{}')
    FROM open o WHERE j.id = o.id AND {each o.id}
    RETURNING j.id, j.job_type, j.priority, CASE WHEN j.blocked IS NULL THEN j.run_at END AS due_at, false AS retrying,
        {no_terms}, j.group_id, j.group_tier
), {queued}
SELECT {bound} FROM added
