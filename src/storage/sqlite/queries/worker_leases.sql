-- Leases of a worker; its part of the primary key.
SELECT job_id FROM job_leases WHERE worker_id = ?1 ORDER BY job_id LIMIT ?2
