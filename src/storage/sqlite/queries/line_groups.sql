-- The next group that has a line; a step along the primary key.
SELECT group_id FROM job_line WHERE group_id > ?1 ORDER BY group_id LIMIT 1
