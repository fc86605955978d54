-- The first jobs of a type in the line of a group; a walk along the primary key.
SELECT priority, due_at, job_id, is_retry FROM job_line WHERE group_id = ?1 AND job_type = ?2
ORDER BY priority DESC, due_at, job_id LIMIT ?3
