-- Gives a job that was just added what few jobs have; primary key.
UPDATE job_queue SET group_id = ?2, group_tier = ?3, dead_letter_job_type = ?4, expires_at = ?5, extras = ?6 WHERE id = ?1
