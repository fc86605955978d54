-- Whether anything may be claimed, now or later; the first entry of each primary key, and of idx_job_groups_opens.
SELECT EXISTS (SELECT 1 FROM job_ready) OR EXISTS (SELECT 1 FROM job_scheduled)
    OR EXISTS (SELECT 1 FROM job_groups WHERE opens_at IS NOT NULL)
