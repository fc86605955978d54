-- The jobs that one claim leased and that still are; a walk along the worker's part of the primary key.
SELECT job_id FROM job_leases WHERE worker_id = ?1 AND token = ?2 ORDER BY job_id
