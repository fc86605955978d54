-- Records a change of a job.
INSERT INTO job_events (job_id, event_type, created_at, metadata) VALUES (?1, ?2, ?3, ?4)
