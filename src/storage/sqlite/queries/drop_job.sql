-- Deletes a job; primary key.
DELETE FROM job_queue WHERE id = ?1
