-- Deletes a step's old events; primary key.
DELETE FROM job_events WHERE id > ?1 AND id <= ?2 AND created_at <= ?3
