-- Groups whose lines their rates let go on; idx_job_groups_opens.
SELECT group_id FROM job_groups WHERE opens_at <= ?1 ORDER BY opens_at LIMIT ?2
