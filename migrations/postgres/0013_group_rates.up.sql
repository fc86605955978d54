-- How many jobs of a group may start within a span of time, as the last claim of one saw it, and how many did when. A group that
-- has jobs in its line and may start none has room again at `opens_at`.
ALTER TABLE {schema}.job_groups
    ADD COLUMN starts integer,
    ADD COLUMN per_seconds double precision,
    ADD COLUMN spent_at timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN spent integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN opens_at timestamptz;

CREATE INDEX idx_job_groups_opens ON {schema}.job_groups (opens_at) WHERE opens_at IS NOT NULL;
