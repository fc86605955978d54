-- Counts jobs of a group that started, and keeps how many may; primary key.
INSERT INTO job_groups (group_id, running, most) VALUES (?1, max(?2, 0), ?3)
ON CONFLICT (group_id) DO UPDATE SET running = max(running + ?2, 0), most = ?3
