-- Reads a schedule: idx_cron_schedules_name.
FROM cron_schedules WHERE schedule_name = ?1
