-- Running jobs that somebody asked to cancel, and claims that came too late for their worker.
ALTER TABLE {schema}.job_queue ADD COLUMN cancel_requested_at timestamptz;

ALTER TABLE {schema}.job_leases ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;

-- What a worker is told when it renews.
CREATE INDEX idx_job_leases_cancelling ON {schema}.job_leases (worker_id, job_id) WHERE cancel_requested;

-- The last claim that the worker asked about: up to it, a claim that is still on its way leases nothing.
ALTER TABLE {schema}.job_workers ADD COLUMN last_asked bigint NOT NULL DEFAULT 0;
