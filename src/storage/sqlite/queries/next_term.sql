-- When something is to be done next about a job, after a time: idx_job_terms_due.
SELECT min(due_at) FROM job_terms WHERE due_at > ?1
