-- Jobs by growing id, and what decides whether they are old; primary key.
SELECT id, status, next_attempt_at, updated_at, created_at, tags, extras ->> 'keep_result_for' IS NOT NULL FROM job_queue WHERE id > ?1 ORDER BY id LIMIT ?2
