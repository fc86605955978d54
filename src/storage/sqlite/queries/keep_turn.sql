-- Keeps whose turn it is; primary key.
INSERT INTO job_turns (job_type, group_id, used, places, served, from_priority) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (job_type) DO UPDATE SET group_id = ?2, used = ?3, places = ?4, served = ?5, from_priority = ?6
