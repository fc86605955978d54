-- Jobs that wait for one; its part of the primary key.
SELECT DISTINCT job_id FROM job_dependencies WHERE prerequisite_id = ?1 ORDER BY job_id LIMIT ?2
