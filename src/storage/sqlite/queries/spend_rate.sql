-- Keeps what was spent of a rate; primary key.
UPDATE job_rates SET spent = ?2 WHERE key = ?1
