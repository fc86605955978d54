-- Whether there is a line that its rate lets go on; idx_job_groups_opens.
SELECT EXISTS (SELECT 1 FROM job_groups WHERE opens_at <= ?1)
