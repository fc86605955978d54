-- Whether and how a job ended; primary key.
SELECT status, next_attempt_at FROM job_queue WHERE id = ?1
