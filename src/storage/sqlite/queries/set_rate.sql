-- Sets a rate, and keeps what was spent; primary key.
INSERT INTO job_rates (key, most, per) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET most = ?2, per = ?3
