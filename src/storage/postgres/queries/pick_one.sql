-- Locks the head of one type: idx_job_queue_claimable.
SELECT job_id, due_at, priority, retrying, ctid AS place FROM {schema}.job_ready
WHERE job_type = ($4::text[])[1] AND (SELECT open FROM gate)
ORDER BY priority DESC, due_at, job_id LIMIT $5::int8 FOR UPDATE SKIP LOCKED
