-- When the next line goes on; idx_job_groups_opens.
SELECT min(opens_at) FROM job_groups WHERE opens_at > ?1
