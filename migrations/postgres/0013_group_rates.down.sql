-- The rates of groups are lost; jobs that they kept waiting become claimable.
INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
SELECT l.job_id, l.due_at, l.rank, l.retrying, l.job_type, l.group_id, l.group_tier
FROM {schema}.job_line l JOIN {schema}.job_groups g ON g.group_id = l.group_id WHERE g.opens_at IS NOT NULL ON CONFLICT (job_id) DO NOTHING;
DELETE FROM {schema}.job_line l USING {schema}.job_groups g WHERE g.group_id = l.group_id AND g.opens_at IS NOT NULL;

DROP INDEX {schema}.idx_job_groups_opens;
ALTER TABLE {schema}.job_groups DROP COLUMN starts, DROP COLUMN per_seconds, DROP COLUMN spent_at, DROP COLUMN spent, DROP COLUMN opens_at;
