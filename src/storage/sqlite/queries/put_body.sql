-- Stores a long value; primary key.
INSERT INTO job_bodies (job_id, field, value) VALUES (?1, ?2, ?3)
ON CONFLICT (job_id, field) DO UPDATE SET value = excluded.value
