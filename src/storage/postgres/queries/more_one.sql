-- Looks whether the head of one type is longer than what was picked: idx_job_queue_claimable.
SELECT FROM {schema}.job_ready WHERE job_type = ($4::text[])[1] AND (SELECT open FROM gate)
ORDER BY priority DESC, due_at, job_id OFFSET (SELECT count(*) FROM picked)
