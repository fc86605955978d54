-- A worker's leases of jobs that somebody asked to cancel: idx_job_leases_cancelling.
SELECT job_id, token FROM job_leases INDEXED BY idx_job_leases_cancelling
WHERE worker_id = ?1 AND cancel_requested ORDER BY job_id
