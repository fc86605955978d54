-- What workers did, added up by minute and by hour: `step` is its length in seconds, `numbers` are in the order of the engine's tally.
CREATE TABLE {schema}.job_traffic (
    step integer NOT NULL,
    at timestamptz NOT NULL,
    job_type text NOT NULL,
    numbers bigint[] NOT NULL,
    PRIMARY KEY (step, at, job_type)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- The number of the last report of a worker: one that comes again changes nothing.
ALTER TABLE {schema}.job_workers ADD COLUMN traffic_told bigint NOT NULL DEFAULT 0;
