-- Forgets why jobs were cancelled.
ALTER TABLE {schema}.job_queue DROP COLUMN cancel_reason;
