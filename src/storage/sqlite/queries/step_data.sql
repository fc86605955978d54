-- The steps of a job so far; primary keys.
SELECT coalesce(step_data, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'step_data'), '{}')
FROM job_queue WHERE id = ?1
