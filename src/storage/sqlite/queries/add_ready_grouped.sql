-- Makes a job claimable, with its group where it has one; primary key of job_queue.
INSERT INTO job_ready (job_type, priority, due_at, job_id, is_retry, group_id, group_tier)
SELECT ?1, ?2, ?3, ?4, ?5, group_id, group_tier FROM job_queue WHERE id = ?4
