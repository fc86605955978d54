-- What may be claimed of a group, in the order of claiming: idx_job_ready_group, which is named, since the planner would rather walk along
-- the other key, whose order is as good, past the jobs of all other groups.
SELECT priority, due_at, job_id, is_retry, group_tier FROM job_ready INDEXED BY idx_job_ready_group
WHERE job_type = ?1 AND group_id = ?2 ORDER BY priority DESC, due_at, job_id LIMIT ?3
