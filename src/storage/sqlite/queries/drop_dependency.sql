-- Lets a job wait for another no longer; primary key.
DELETE FROM job_dependencies WHERE prerequisite_id = ?1 AND job_id = ?2 AND by_tag = ?3
