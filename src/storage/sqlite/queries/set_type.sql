-- Sets the limits of a type; primary key.
INSERT INTO job_types (job_type, max_running, rate_key) VALUES (?1, ?2, ?3)
ON CONFLICT (job_type) DO UPDATE SET max_running = ?2, rate_key = ?3
