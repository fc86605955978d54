ALTER TABLE {schema}.cron_schedules DROP COLUMN extras;

ALTER TABLE {schema}.job_queue DROP COLUMN extras, DROP COLUMN expires_at;
