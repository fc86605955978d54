-- How many jobs of a type fall due later, as far as so many; primary key.
SELECT count(*) FROM (SELECT 1 FROM job_scheduled WHERE job_type = ?1 AND due_at > ?2 LIMIT ?3)
