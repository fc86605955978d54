-- The first group of a type from one on that has claimable jobs; a step along idx_job_ready_group.
SELECT group_id FROM job_ready WHERE job_type = ?1 AND group_id >= ?2 ORDER BY group_id LIMIT 1
