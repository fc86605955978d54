-- Records the steps of a job, if they are short; primary key.
UPDATE job_queue SET step_data = ?2, updated_at = ?3 WHERE id = ?1
