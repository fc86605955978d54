-- Lets a job wait; primary key. The fourth parameter is its steps, if they are short.
UPDATE job_queue
SET status = 'waiting', updated_at = ?2, locked_at = NULL, locked_by = NULL, wait_until = ?3, wait_token_id = ?5,
    step_data = ?4
WHERE id = ?1
RETURNING job_type, priority
