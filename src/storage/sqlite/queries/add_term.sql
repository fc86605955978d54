-- Notes when something is to be done about a job, unless that is noted for an earlier time; primary key.
INSERT INTO job_terms (job_id, due_at) VALUES (?1, ?2)
ON CONFLICT (job_id) DO UPDATE SET due_at = min(due_at, excluded.due_at)
