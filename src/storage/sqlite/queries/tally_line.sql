-- How many jobs stand in the line of a group, as far as so many; its part of the primary key.
SELECT count(*) FROM (SELECT 1 FROM job_line WHERE group_id = ?1 LIMIT ?2)
