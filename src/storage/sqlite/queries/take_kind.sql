-- Makes a new job that of its kind; primary key.
INSERT INTO job_unique (key, job_id, expires_at) VALUES (?1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at
