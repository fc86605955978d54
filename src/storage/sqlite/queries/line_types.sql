-- The next type in the line of a group; a step along the primary key.
SELECT job_type FROM job_line WHERE group_id = ?1 AND job_type > ?2 ORDER BY job_type LIMIT 1
