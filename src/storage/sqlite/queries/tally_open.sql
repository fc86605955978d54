-- How many jobs have a status but completed, as far as so many; idx_job_queue_open.
SELECT count(*) FROM (SELECT 1 FROM job_queue WHERE status = ?1 AND status <> 'completed' LIMIT ?2)
