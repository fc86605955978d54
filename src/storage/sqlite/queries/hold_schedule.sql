-- Whether a schedule is still as it was read, and whether its last job is alive: both by primary key.
SELECT EXISTS (SELECT 1 FROM job_queue j WHERE j.id = s.last_job_id AND j.status IN ('pending', 'processing', 'waiting'))
FROM cron_schedules s WHERE s.id = ?1 AND s.updated_at = ?2 AND s.next_run_at = ?3 AND s.status = 'active'
