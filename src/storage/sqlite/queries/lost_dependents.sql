-- The next jobs that others wait for, by growing id; skips along the primary key from one to the next.
WITH RECURSIVE looked (id) AS (
    SELECT min(prerequisite_id) FROM job_dependencies WHERE prerequisite_id > ?1
    UNION ALL
    SELECT (SELECT min(prerequisite_id) FROM job_dependencies WHERE prerequisite_id > looked.id) FROM looked WHERE looked.id IS NOT NULL
)
SELECT id FROM looked WHERE id IS NOT NULL LIMIT ?2
