-- Reads the events of a job, oldest first: its own (job_events_pkey), and the batches that tell of it (job_queue_pkey,
-- job_event_batches_pkey).
SELECT id, job_id, event_type, created_at, metadata FROM {schema}.job_events WHERE job_id = $1::int8
UNION ALL
SELECT b.id, j.id, b.event_type, b.created_at, NULL FROM {schema}.job_queue j
JOIN {schema}.job_event_batches b ON b.id = ANY (ARRAY[j.added_event, j.claimed_event, j.completed_event])
WHERE j.id = $1::int8
ORDER BY id
