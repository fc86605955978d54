-- Reads a token; primary key.
SELECT id, job_id, status, output, timeout_at, created_at, completed_at, tags FROM waitpoints WHERE id = ?1
