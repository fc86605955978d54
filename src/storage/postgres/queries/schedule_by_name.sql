-- Reads a schedule: idx_cron_schedules_name.
SELECT {schedule} FROM {schema}.cron_schedules s WHERE s.schedule_name = $1::text
