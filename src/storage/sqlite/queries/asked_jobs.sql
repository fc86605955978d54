-- What tells of running jobs that somebody asked to cancel, 0 if there are none: idx_job_leases_cancelling.
SELECT coalesce(sum(job_id), 0) FROM job_leases WHERE cancel_requested AND worker_id > 0
