ALTER TABLE cron_schedules DROP COLUMN extras;
ALTER TABLE job_queue DROP COLUMN extras;
ALTER TABLE job_queue DROP COLUMN expires_at;
