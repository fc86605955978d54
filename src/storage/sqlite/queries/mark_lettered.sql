-- Notes which dead letter a job has; primary key.
UPDATE job_queue SET dead_lettered_at = ?2, dead_letter_job_id = ?3 WHERE id = ?1
