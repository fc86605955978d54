-- Takes a job from its worker; primary key.
DELETE FROM job_leases WHERE worker_id = ?1 AND job_id = ?2
