-- Workers that are gone and left leases: one seek in the primary key of job_leases for each worker that holds any.
WITH RECURSIVE holder (id) AS (
    SELECT min(worker_id) FROM job_leases
    UNION ALL
    SELECT (SELECT min(worker_id) FROM job_leases WHERE worker_id > holder.id) FROM holder WHERE holder.id IS NOT NULL
)
SELECT id FROM holder WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job_workers WHERE job_workers.id = holder.id)
