-- The next priority of the claimable jobs of a type, and when the first of them fell due; primary key.
SELECT priority, due_at FROM job_ready WHERE job_type = ?1 AND priority < ?2 ORDER BY priority DESC, due_at LIMIT 1
