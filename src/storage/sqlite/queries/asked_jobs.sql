-- What tells of running jobs that somebody asked to cancel, and of workers that were asked to drain, of which there are few; 0 if there are
-- none: idx_job_leases_cancelling.
SELECT (SELECT coalesce(sum(job_id), 0) FROM job_leases WHERE cancel_requested AND worker_id > 0)
    + (SELECT coalesce(sum(id), 0) FROM job_workers WHERE draining)
