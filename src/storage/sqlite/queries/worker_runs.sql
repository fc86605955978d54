-- What a worker runs, and from which claim; its part of the primary key.
SELECT token, job_id FROM job_leases WHERE worker_id = ?1 LIMIT 10000
