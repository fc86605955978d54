-- Reads schedules by growing id, along the primary key.
FROM cron_schedules WHERE id > ?1 AND (?2 IS NULL OR status = ?2) ORDER BY id LIMIT ?3
