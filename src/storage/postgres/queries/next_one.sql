-- When the next job of one type falls due: idx_job_scheduled_due.
SELECT min(due_at) FROM {schema}.job_scheduled WHERE job_type = ($4::text[])[1]
