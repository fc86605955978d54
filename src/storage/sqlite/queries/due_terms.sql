-- Jobs whose terms may be over, and what decides that: idx_job_terms_due, primary key of job_queue.
SELECT t.job_id, j.status, j.next_attempt_at, j.attempts, j.expires_at, j.extras ->> 'keep_result_for', j.tags,
    CASE j.status WHEN 'completed' THEN j.completed_at WHEN 'cancelled' THEN j.last_cancelled_at ELSE j.last_failed_at END
FROM job_terms t LEFT JOIN job_queue j ON j.id = t.job_id WHERE t.due_at <= ?1 ORDER BY t.due_at LIMIT ?2
