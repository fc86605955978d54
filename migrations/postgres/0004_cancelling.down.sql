-- Forgets who asked to cancel running jobs: these run on.
ALTER TABLE {schema}.job_workers DROP COLUMN last_asked;
DROP INDEX {schema}.idx_job_leases_cancelling;
ALTER TABLE {schema}.job_leases DROP COLUMN cancel_requested;
ALTER TABLE {schema}.job_queue DROP COLUMN cancel_requested_at;
