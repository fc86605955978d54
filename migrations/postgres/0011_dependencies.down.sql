-- Jobs that wait for others go on without waiting.
INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type)
SELECT id, run_at, priority, false, job_type FROM {schema}.job_queue WHERE blocked AND status = 'pending'
ON CONFLICT (job_id) DO NOTHING;

UPDATE {schema}.job_queue SET pending_reason = NULL WHERE blocked;

DROP TRIGGER job_dependencies_deleted ON {schema}.job_queue;
DROP FUNCTION {schema}.job_dependencies_deleted();
DROP INDEX {schema}.idx_job_queue_blocked;
ALTER TABLE {schema}.job_queue DROP COLUMN has_dependents, DROP COLUMN blocked, DROP COLUMN open_prerequisites;
DROP TABLE {schema}.job_dependencies;
