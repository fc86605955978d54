-- Whether anything may be claimed, now or later; the first entry of each primary key.
SELECT EXISTS (SELECT 1 FROM job_ready) OR EXISTS (SELECT 1 FROM job_scheduled)
