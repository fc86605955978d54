-- Why a job was cancelled, where that was said.
ALTER TABLE job_queue ADD COLUMN cancel_reason TEXT;
