-- Forgets a type that has no limit and is not paused; primary key.
DELETE FROM job_types WHERE job_type = ?1 AND max_running IS NULL AND rate_key IS NULL AND NOT paused
