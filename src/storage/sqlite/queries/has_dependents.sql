-- Whether any job waits for another; the first entry of the primary key.
SELECT (SELECT min(prerequisite_id) FROM job_dependencies) IS NOT NULL
