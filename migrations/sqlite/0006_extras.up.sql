-- What few jobs have. A job that has not begun by `expires_at` is cancelled; `extras` is for those who read the job.
ALTER TABLE job_queue ADD COLUMN expires_at INTEGER;
ALTER TABLE job_queue ADD COLUMN extras TEXT;

-- All that few jobs have, by name.
ALTER TABLE cron_schedules ADD COLUMN extras TEXT;
