-- Reads a schedule: cron_schedules_pkey.
SELECT {schedule} FROM {schema}.cron_schedules s WHERE s.id = $1::int8
