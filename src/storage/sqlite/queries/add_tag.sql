-- Tags a job; primary key.
INSERT OR IGNORE INTO job_tags (tag, job_id) VALUES (?1, ?2)
