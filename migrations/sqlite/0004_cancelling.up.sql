-- Running jobs that somebody asked to cancel, and claims that came too late for their worker.
ALTER TABLE job_queue ADD COLUMN cancel_requested_at INTEGER;

ALTER TABLE job_leases ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;

-- What other processes are told.
CREATE INDEX idx_job_leases_cancelling ON job_leases (worker_id, job_id) WHERE cancel_requested;

-- The last claim that the worker asked about: up to it, a claim that is still on its way leases nothing.
ALTER TABLE job_workers ADD COLUMN last_asked INTEGER NOT NULL DEFAULT 0;
