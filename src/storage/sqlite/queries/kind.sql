-- The job of a kind, and what decides whether it counts; primary key of both tables.
SELECT j.id, j.status, j.next_attempt_at IS NOT NULL, j.attempts, coalesce(u.expires_at > ?2, 0)
FROM job_unique u JOIN job_queue j ON j.id = u.job_id WHERE u.key = ?1
