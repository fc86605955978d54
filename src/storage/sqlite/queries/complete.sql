-- Ends a job well; primary key. The third parameter says whether there is an output, the fourth is a short one.
UPDATE job_queue
SET status = 'completed', completed_at = ?2, updated_at = ?2, locked_at = NULL, locked_by = NULL,
    wait_until = NULL,
    output = CASE WHEN ?3 THEN ?4 ELSE output END
WHERE id = ?1
