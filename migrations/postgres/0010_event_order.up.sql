-- By which transaction an event was written: ids are drawn before transactions commit, so a reader that only remembers the highest
-- id it saw would miss what commits late. Events from before this count as old.
ALTER TABLE {schema}.job_events ADD COLUMN xact bigint NOT NULL DEFAULT 0;
ALTER TABLE {schema}.job_events ALTER COLUMN xact SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX idx_job_events_xact ON {schema}.job_events (xact, id);

ALTER TABLE {schema}.job_event_batches ADD COLUMN xact bigint NOT NULL DEFAULT 0;
ALTER TABLE {schema}.job_event_batches ALTER COLUMN xact SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX idx_job_event_batches_xact ON {schema}.job_event_batches (xact, id);
