-- Whether there are limits or pauses; walks of one step.
SELECT EXISTS (SELECT 1 FROM job_settings) OR EXISTS (SELECT 1 FROM job_types)
