-- Deletes tokens of no job that were over for long; idx_waitpoints_over, primary key.
DELETE FROM waitpoints WHERE id IN (
    SELECT id FROM waitpoints WHERE status <> 'waiting' AND job_id IS NULL AND coalesce(completed_at, timeout_at) <= ?1
    ORDER BY coalesce(completed_at, timeout_at) LIMIT ?2
)
