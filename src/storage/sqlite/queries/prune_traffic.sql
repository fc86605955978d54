-- Deletes rows of a step that began before a time; primary key.
DELETE FROM job_traffic WHERE (step, at, job_type) IN (
    SELECT step, at, job_type FROM job_traffic WHERE step = ?1 AND at < ?2 ORDER BY at LIMIT ?3
)
