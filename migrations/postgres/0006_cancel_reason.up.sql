-- Why a job was cancelled, where that was said.
ALTER TABLE {schema}.job_queue ADD COLUMN cancel_reason text;
