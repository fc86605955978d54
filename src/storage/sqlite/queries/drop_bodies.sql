-- Forgets all long values of a job; primary key.
DELETE FROM job_bodies WHERE job_id = ?1
