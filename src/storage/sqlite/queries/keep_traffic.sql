-- Keeps what was added up of a type in a step; a row that is there gives way, by the primary key.
INSERT OR REPLACE INTO job_traffic (step, at, job_type, numbers) VALUES (?1, ?2, ?3, ?4)
