-- Whether a worker is registered; primary key.
SELECT EXISTS (SELECT 1 FROM job_workers WHERE id = ?1)
