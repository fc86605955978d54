-- Removes a schedule: cron_schedules_pkey.
DELETE FROM {schema}.cron_schedules WHERE id = $1::int8 RETURNING id
