-- The events behind an id, in the order of their ids; primary key.
SELECT id, job_id, event_type, created_at, metadata FROM job_events WHERE id > ?1 ORDER BY id LIMIT ?2
