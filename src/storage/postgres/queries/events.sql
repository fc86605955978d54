-- Reads the events of a job, oldest first: job_events_pkey.
SELECT id, job_id, event_type, created_at, metadata FROM {schema}.job_events WHERE job_id = $1::int8 ORDER BY id
