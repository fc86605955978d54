-- What workers say of themselves, null of those of an earlier version, and whether somebody asked them to drain.
ALTER TABLE {schema}.job_workers
    ADD COLUMN host text,
    ADD COLUMN pid bigint,
    ADD COLUMN version text,
    ADD COLUMN concurrency integer,
    ADD COLUMN job_types text[],
    ADD COLUMN started_at timestamptz,
    ADD COLUMN draining boolean NOT NULL DEFAULT false;
ALTER TABLE {schema}.job_workers ALTER COLUMN started_at SET DEFAULT now();

-- Tokens of a status from the newest on, written so that the planner takes it for nothing else.
CREATE INDEX idx_waitpoints_newest ON {schema}.waitpoints ((status || ''), created_at, id);
