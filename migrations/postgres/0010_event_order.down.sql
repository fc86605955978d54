-- Forgets by which transaction events were written.
DROP INDEX {schema}.idx_job_event_batches_xact;
ALTER TABLE {schema}.job_event_batches DROP COLUMN xact;
DROP INDEX {schema}.idx_job_events_xact;
ALTER TABLE {schema}.job_events DROP COLUMN xact;
