-- The newest rows of a step behind a time; primary key.
SELECT at, job_type, numbers FROM job_traffic
WHERE step = ?1 AND at > ?2 AND (?3 IS NULL OR job_type = ?3) ORDER BY at DESC, job_type DESC LIMIT ?4
