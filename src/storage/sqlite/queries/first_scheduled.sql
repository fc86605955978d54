-- When the next job of a type falls due after this; primary key.
SELECT due_at FROM job_scheduled WHERE job_type = ?1 AND due_at > ?2 ORDER BY due_at LIMIT 1
