-- The next group of a type behind one; a step along idx_job_ready_group.
SELECT group_id FROM job_ready WHERE job_type = ?1 AND group_id > ?2 ORDER BY group_id LIMIT 1
