-- Reads schedules by growing id: cron_schedules_pkey.
SELECT {schedule} FROM {schema}.cron_schedules s WHERE s.id > $1::int8 AND ($2::text IS NULL OR s.status = $2::text)
ORDER BY s.id LIMIT $3::int8
