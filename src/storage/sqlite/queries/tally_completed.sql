-- How many of the newest jobs were looked at, and how many of these are completed; primary key.
SELECT count(*), count(*) FILTER (WHERE status = 'completed') FROM (SELECT status FROM job_queue WHERE id > 0 ORDER BY id DESC LIMIT ?1)
