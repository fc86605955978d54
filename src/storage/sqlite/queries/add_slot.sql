-- Notes what a running job counts for; primary key.
INSERT OR REPLACE INTO job_slots (job_id, job_type, group_id) VALUES (?1, ?2, ?3)
