-- Deletes rows of a step that are older than they are kept: job_traffic_pkey. Those that another process deletes are passed over.
WITH old AS MATERIALIZED (
    SELECT ctid AS place FROM {schema}.job_traffic
    WHERE step = $1::int4 AND at < clock_timestamp() - $2::float8 * interval '1 second'
    ORDER BY at LIMIT $3::int8 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM {schema}.job_traffic WHERE ctid = ANY (ARRAY(SELECT place FROM old)) RETURNING 1
)
SELECT count(*) FROM gone
