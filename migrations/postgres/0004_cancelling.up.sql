-- Running jobs that somebody asked to cancel.
ALTER TABLE {schema}.job_queue ADD COLUMN cancel_requested_at timestamptz;

ALTER TABLE {schema}.job_leases ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;

-- What a worker is told when it renews.
CREATE INDEX idx_job_leases_cancelling ON {schema}.job_leases (worker_id, job_id) WHERE cancel_requested;
