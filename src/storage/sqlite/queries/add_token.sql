-- Stores a token, or leaves the one that is there; primary key.
INSERT INTO waitpoints (id, job_id, timeout_at, created_at, tags) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING
