-- What workers did, added up by minute and by hour: `step` is its length in seconds, `numbers` a JSON array in the order of the
-- engine's tally.
CREATE TABLE job_traffic (
    step     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    job_type TEXT    NOT NULL,
    numbers  TEXT    NOT NULL,
    PRIMARY KEY (step, at, job_type)
) STRICT, WITHOUT ROWID;

-- The number of the last report of a worker: one that comes again changes nothing.
ALTER TABLE job_workers ADD COLUMN traffic_told INTEGER NOT NULL DEFAULT 0;
