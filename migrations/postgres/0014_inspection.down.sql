-- What workers said of themselves is lost, and who was asked to drain.
DROP INDEX {schema}.idx_waitpoints_newest;
ALTER TABLE {schema}.job_workers DROP COLUMN host, DROP COLUMN pid, DROP COLUMN version, DROP COLUMN concurrency,
    DROP COLUMN job_types, DROP COLUMN started_at, DROP COLUMN draining;
