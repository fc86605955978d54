-- The types that have a limit or are paused, of which there are few, and their rates; primary keys.
SELECT t.job_type, t.running, t.max_running, t.paused, r.held_until, r.most, r.per, r.spent
FROM job_types t LEFT JOIN job_rates r ON r.key = t.rate_key ORDER BY t.job_type LIMIT 10000
