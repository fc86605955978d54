-- Jobs that wait for others go on without waiting.
INSERT OR IGNORE INTO job_scheduled (job_type, due_at, job_id, priority, is_retry)
SELECT job_type, run_at, id, priority, 0 FROM job_queue WHERE blocked AND status = 'pending';

UPDATE job_queue SET pending_reason = NULL WHERE blocked;

ALTER TABLE job_queue DROP COLUMN blocked;

DROP INDEX idx_job_dependencies_job_id;

DROP TABLE job_dependencies;
