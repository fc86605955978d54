-- Deletes the oldest batches of events, if they are old enough, and counts the jobs that they told of: job_event_batches_pkey,
-- job_queue_pkey. They stand in the order of their ids, about that of their times.
WITH oldest AS MATERIALIZED (
    SELECT id, created_at FROM {schema}.job_event_batches ORDER BY id LIMIT $2::int8
), gone AS (
    DELETE FROM {schema}.job_event_batches b USING oldest o
    WHERE b.id = o.id AND o.created_at < now() - $1::float8 * interval '1 second' AND {each o.id}
    RETURNING b.id, b.job_ids
)
SELECT count(*), coalesce(sum((
    SELECT count(*) FROM unnest(g.job_ids) AS i (job_id) JOIN {schema}.job_queue j ON j.id = i.job_id
    WHERE g.id IN (j.added_event, j.claimed_event, j.completed_event) AND {each i.job_id}
)), 0)::int8 FROM gone g
