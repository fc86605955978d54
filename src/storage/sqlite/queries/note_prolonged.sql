-- Counts the run's time from now; primary key.
UPDATE job_queue SET locked_at = ?2, updated_at = ?2 WHERE id = ?1
