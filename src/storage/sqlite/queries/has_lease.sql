-- Whether a lease is valid; primary key.
SELECT EXISTS (SELECT 1 FROM job_leases WHERE worker_id = ?1 AND job_id = ?2 AND token = ?3)
