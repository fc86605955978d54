-- Takes a tag off a job; primary key.
DELETE FROM job_tags WHERE tag = ?1 AND job_id = ?2
