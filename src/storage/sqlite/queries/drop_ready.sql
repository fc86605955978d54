-- Takes a job out of what may be claimed; primary key.
DELETE FROM job_ready WHERE job_type = ?1 AND priority = ?2 AND due_at = ?3 AND job_id = ?4
