-- How many jobs of a type may be claimed, of each of two kinds as far as so many; primary keys.
SELECT (SELECT count(*) FROM (SELECT 1 FROM job_ready WHERE job_type = ?1 LIMIT ?3))
    + (SELECT count(*) FROM (SELECT 1 FROM job_scheduled WHERE job_type = ?1 AND due_at <= ?2 LIMIT ?3))
