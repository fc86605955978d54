-- The newest event, 0 if there is none: the end of the primary key.
SELECT coalesce(max(id), 0) FROM job_events
