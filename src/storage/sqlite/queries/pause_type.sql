-- Pauses a type or lets it go on; primary key. Changes nothing where it is so already.
INSERT INTO job_types (job_type, paused) VALUES (?1, ?2) ON CONFLICT (job_type) DO UPDATE SET paused = ?2 WHERE paused <> ?2
