-- The rates of groups are lost; jobs that they kept waiting become claimable.
INSERT OR IGNORE INTO job_ready (job_type, priority, due_at, job_id, is_retry, group_id, group_tier)
SELECT l.job_type, l.priority, l.due_at, l.job_id, l.is_retry, j.group_id, j.group_tier
FROM job_line l JOIN job_groups g ON g.group_id = l.group_id JOIN job_queue j ON j.id = l.job_id WHERE g.opens_at IS NOT NULL;
DELETE FROM job_line WHERE group_id IN (SELECT group_id FROM job_groups WHERE opens_at IS NOT NULL);
DROP INDEX idx_job_groups_opens;
ALTER TABLE job_groups DROP COLUMN opens_at;
ALTER TABLE job_groups DROP COLUMN spent;
ALTER TABLE job_groups DROP COLUMN per;
ALTER TABLE job_groups DROP COLUMN starts;
