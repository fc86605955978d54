-- Forgets why jobs were cancelled.
ALTER TABLE job_queue DROP COLUMN cancel_reason;
