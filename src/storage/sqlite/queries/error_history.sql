-- The errors of a job so far; primary keys.
SELECT coalesce(error_history, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'error_history'))
FROM job_queue WHERE id = ?1
