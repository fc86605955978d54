-- Pauses a group or lets it go on; primary key. Changes nothing where it is so already.
INSERT INTO job_groups (group_id, paused) VALUES (?1, ?2) ON CONFLICT (group_id) DO UPDATE SET paused = ?2 WHERE paused <> ?2
