-- What few jobs have. A job that has not begun by `expires_at` is cancelled; `extras` is for those who read the job.
ALTER TABLE {schema}.job_queue ADD COLUMN expires_at timestamptz, ADD COLUMN extras jsonb;

-- All that few jobs have, by name.
ALTER TABLE {schema}.cron_schedules ADD COLUMN extras jsonb;
