-- Some of the jobs that wait for another; primary key.
SELECT job_id, by_tag FROM job_dependencies WHERE prerequisite_id = ?1 LIMIT ?2
