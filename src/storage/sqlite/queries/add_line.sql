-- Puts a job into the line of its group; primary key.
INSERT OR REPLACE INTO job_line (group_id, job_type, priority, due_at, job_id, is_retry) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
