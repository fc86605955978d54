-- Reads a schedule, by primary key.
FROM cron_schedules WHERE id = ?1
