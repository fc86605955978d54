-- Records who runs a job.
INSERT INTO job_leases (worker_id, job_id, token, is_retry) VALUES (?1, ?2, ?3, ?4)
