-- The last of a step's events that are old; primary key, whose order is that of time.
SELECT max(id), count(*) FROM (SELECT id, created_at FROM job_events WHERE id > ?1 ORDER BY id LIMIT ?2)
WHERE created_at <= ?3
