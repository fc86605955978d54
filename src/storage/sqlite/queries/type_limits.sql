-- The limits of a type, and of its rate; primary keys.
SELECT t.running, t.max_running, t.rate_key, t.paused, r.most, r.per, r.held_until, r.spent
FROM job_types t LEFT JOIN job_rates r ON r.key = t.rate_key WHERE t.job_type = ?1
