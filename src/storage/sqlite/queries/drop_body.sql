-- Forgets a long value that became short; primary key.
DELETE FROM job_bodies WHERE job_id = ?1 AND field = ?2
