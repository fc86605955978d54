-- How many jobs of a group may start within so many microseconds, as the last claim of one saw it, and how many did when: pairs of a time
-- and a number. A group that has jobs in its line and may start none has room again at `opens_at`.
ALTER TABLE job_groups ADD COLUMN starts INTEGER;
ALTER TABLE job_groups ADD COLUMN per INTEGER;
ALTER TABLE job_groups ADD COLUMN spent TEXT NOT NULL DEFAULT '[]';
ALTER TABLE job_groups ADD COLUMN opens_at INTEGER;

CREATE INDEX idx_job_groups_opens ON job_groups (opens_at) WHERE opens_at IS NOT NULL;
