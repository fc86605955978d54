-- Removes a schedule, by primary key.
DELETE FROM cron_schedules WHERE id = ?1
