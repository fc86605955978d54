-- Forgets a worker; primary key.
DELETE FROM job_workers WHERE id = ?1
