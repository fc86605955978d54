-- Finds the jobs that one claim leased and that still are leased: job_leases_pkey, job_queue_pkey.
SELECT {job} FROM {schema}.job_leases l JOIN {schema}.job_queue j ON j.id = l.job_id
WHERE l.worker_id = $1::int8 AND l.token = $2::int8
ORDER BY j.priority DESC, l.due_at, j.id
