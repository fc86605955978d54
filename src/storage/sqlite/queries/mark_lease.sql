-- Tells the worker of a job that somebody asks to cancel it; primary key.
UPDATE job_leases SET cancel_requested = 1 WHERE worker_id = ?1 AND job_id = ?2
