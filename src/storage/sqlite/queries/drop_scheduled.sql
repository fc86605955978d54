-- Takes a job out of what may be claimed later; primary key.
DELETE FROM job_scheduled WHERE job_type = ?1 AND due_at = ?2 AND job_id = ?3
