-- Forgets who asked to cancel running jobs: these run on.
ALTER TABLE job_workers DROP COLUMN last_asked;
DROP INDEX idx_job_leases_cancelling;
ALTER TABLE job_leases DROP COLUMN cancel_requested;
ALTER TABLE job_queue DROP COLUMN cancel_requested_at;
