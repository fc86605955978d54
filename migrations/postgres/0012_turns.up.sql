-- Whose turn it is among the groups of a type, for claims in which they take turns.
CREATE TABLE {schema}.job_turns (
    job_type text PRIMARY KEY,
    group_id text NOT NULL DEFAULT '',
    used integer NOT NULL DEFAULT 0,
    places bigint NOT NULL DEFAULT 0,
    served bigint NOT NULL DEFAULT 0,
    from_rank bigint NOT NULL DEFAULT -2147483648
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE INDEX idx_job_ready_group ON {schema}.job_ready (job_type, group_id, rank, due_at, job_id) WHERE group_id IS NOT NULL;
