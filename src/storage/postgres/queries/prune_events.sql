-- Deletes some events that are old enough: idx_job_events_created_at.
WITH gone AS (
    DELETE FROM {schema}.job_events WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {schema}.job_events WHERE created_at < now() - $1::float8 * interval '1 second' LIMIT $2::int8
    )) RETURNING id
)
SELECT count(*) FROM gone
