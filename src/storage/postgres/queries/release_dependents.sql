-- Releases jobs from waiting for those among these that completed or are gone, and queues the jobs that wait for nothing more:
-- job_queue_pkey, job_dependencies_pkey. Each count is taken from the newest state of a row, so that of two prerequisites that
-- complete at the same time the later one releases. Answers how many waits ended, how many jobs were released, and which are
-- to be looked at for tags.
WITH given AS MATERIALIZED (
    SELECT unnest($1::int8[]) AS id
), over AS MATERIALIZED (
    SELECT g.id FROM given g WHERE 0 = (
        SELECT count(*) FROM {schema}.job_queue j WHERE j.id = g.id AND j.status <> 'completed'
    )
), chosen AS MATERIALIZED (
    SELECT d.place FROM over o CROSS JOIN LATERAL (
        SELECT ctid AS place FROM {schema}.job_dependencies
        WHERE prerequisite_id = o.id AND NOT by_tag ORDER BY job_id LIMIT (SELECT $2::int8)
    ) d LIMIT (SELECT $2::int8)
), cut AS (
    DELETE FROM {schema}.job_dependencies WHERE ctid = ANY (ARRAY(SELECT place FROM chosen)) RETURNING job_id
), freed AS MATERIALIZED (
    SELECT job_id, CAST(count(*) AS int4) AS number FROM cut GROUP BY job_id ORDER BY job_id
), done AS (
    UPDATE {schema}.job_queue j SET open_prerequisites = nullif(j.open_prerequisites - f.number, 0), updated_at = now(),
        blocked = CASE WHEN j.open_prerequisites > f.number THEN true END,
        pending_reason = CASE WHEN j.open_prerequisites > f.number THEN j.pending_reason END
    FROM freed f WHERE j.id = f.job_id AND coalesce(j.blocked, false) AND j.status = 'pending' AND {each f.job_id}
    RETURNING j.id, j.job_type, j.priority, CASE WHEN j.blocked IS NULL THEN j.run_at END AS due_at, false AS retrying,
        j.open_prerequisites = 1 AND j.depends_on_tags IS NOT NULL AS by_tag, j.group_id, j.group_tier
), added AS (
    SELECT id, job_type, priority, due_at, retrying, {no_terms}, group_id, group_tier FROM done
), {queued}, tagged AS (
    SELECT id FROM done WHERE by_tag
    UNION
    SELECT d.job_id FROM given g CROSS JOIN LATERAL (
        SELECT job_id FROM {schema}.job_dependencies WHERE prerequisite_id = g.id AND by_tag LIMIT (SELECT $2::int8)
    ) d
)
SELECT (SELECT count(*) FROM cut), (SELECT count(*) FROM done WHERE due_at IS NOT NULL), (SELECT array_agg(id) FROM tagged)
