-- The highest priority of a type, up to one, that claimable jobs have; a step along the primary key.
SELECT priority FROM job_ready WHERE job_type = ?1 AND priority <= ?2 ORDER BY priority DESC LIMIT 1
