-- Limits, rates and pauses. Until the first is set, which the row `flow` of the settings tells, no claim looks at them.
CREATE TABLE {schema}.job_settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL
);

-- Types that have a limit or are paused.
CREATE TABLE {schema}.job_types (
    job_type text PRIMARY KEY,
    rate_key text,
    running integer NOT NULL DEFAULT 0,
    max_running integer,
    paused boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- How many jobs of a key may start within a span of time, and how many did when. None starts before `held_until`.
CREATE TABLE {schema}.job_rates (
    key text PRIMARY KEY,
    held_until timestamptz,
    per_seconds double precision NOT NULL,
    most integer NOT NULL,
    spent_at timestamptz[] NOT NULL DEFAULT '{}',
    spent integer[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- How many jobs of a group run, and may, as the last claim of one saw it.
CREATE TABLE {schema}.job_groups (
    group_id text PRIMARY KEY,
    running integer NOT NULL DEFAULT 0,
    most integer NOT NULL DEFAULT 2147483647,
    granted integer NOT NULL DEFAULT 0,
    paused boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

CREATE INDEX idx_job_groups_paused ON {schema}.job_groups (group_id) WHERE paused;

-- Running jobs that are counted, and what for.
CREATE TABLE {schema}.job_slots (
    job_id bigint PRIMARY KEY,
    job_type text,
    group_id text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- Jobs that a claim met while as many of their group ran as may. They come back when one of them ends.
CREATE TABLE {schema}.job_line (
    job_id bigint PRIMARY KEY,
    due_at timestamptz NOT NULL,
    rank integer NOT NULL,
    retrying boolean NOT NULL,
    job_type text NOT NULL,
    group_id text NOT NULL,
    group_tier text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX idx_job_line_head ON {schema}.job_line (group_id, job_type, rank, due_at, job_id);

ALTER TABLE {schema}.job_ready ADD COLUMN group_id text, ADD COLUMN group_tier text;
ALTER TABLE {schema}.job_scheduled ADD COLUMN group_id text, ADD COLUMN group_tier text;

CREATE OR REPLACE FUNCTION {schema}.job_queue_deleted() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
DECLARE
    told bigint[];
BEGIN
    DELETE FROM {schema}.job_events e USING gone g WHERE e.job_id = g.id;
    DELETE FROM {schema}.job_ready r USING gone g WHERE r.job_id = g.id;
    DELETE FROM {schema}.job_scheduled s USING gone g WHERE s.job_id = g.id;
    DELETE FROM {schema}.job_line l USING gone g WHERE l.job_id = g.id;
    DELETE FROM {schema}.job_watchers w USING gone g WHERE w.job_id = g.id;
    DELETE FROM {schema}.waitpoints t USING gone g WHERE t.job_id = g.id;
    told := ARRAY(SELECT DISTINCT b FROM gone g, unnest(ARRAY[g.added_event, g.claimed_event, g.completed_event]) b WHERE b IS NOT NULL);
    PERFORM FROM {schema}.job_event_batches WHERE id = ANY (told) ORDER BY id FOR UPDATE;
    DELETE FROM {schema}.job_event_batches b WHERE b.id = ANY (told)
        AND NOT EXISTS (SELECT FROM {schema}.job_queue j WHERE j.id = ANY (b.job_ids));
    RETURN NULL;
END
$dataqueue$;
