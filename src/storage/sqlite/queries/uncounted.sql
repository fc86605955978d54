-- Running jobs with their types and groups: job_leases, which holds no more than what runs, and the primary key of job_queue.
SELECT j.id, j.job_type, j.group_id FROM job_leases l JOIN job_queue j ON j.id = l.job_id WHERE j.status = 'processing'
