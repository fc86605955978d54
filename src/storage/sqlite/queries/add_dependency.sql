-- Lets a job wait for another; primary key.
INSERT OR IGNORE INTO job_dependencies (prerequisite_id, job_id, by_tag) VALUES (?1, ?2, ?3)
