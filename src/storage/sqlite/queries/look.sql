-- Looks for what is to be done: job_workers, which is small and read whole, one seek in the primary key of job_leases for each worker
-- that holds any, idx_waitpoints_timeout, the first entry of the primary key of job_dependencies, idx_cron_schedules_due,
-- idx_job_terms_due.
WITH RECURSIVE holder (id) AS (
    SELECT min(worker_id) FROM job_leases
    UNION ALL
    SELECT (SELECT min(worker_id) FROM job_leases WHERE worker_id > holder.id) FROM holder WHERE holder.id IS NOT NULL
)
SELECT
    (SELECT min(expires_at) FROM job_workers WHERE id <> ?1),
    EXISTS (
        SELECT 1 FROM holder
        WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job_workers WHERE job_workers.id = holder.id)
    ),
    EXISTS (SELECT 1 FROM waitpoints WHERE status = 'waiting' AND timeout_at IS NOT NULL AND timeout_at <= ?2)
        OR (SELECT min(prerequisite_id) FROM job_dependencies) IS NOT NULL,
    EXISTS (SELECT 1 FROM cron_schedules WHERE status = 'active' AND next_run_at IS NOT NULL AND next_run_at <= ?2),
    EXISTS (SELECT 1 FROM job_terms WHERE due_at <= ?2)
