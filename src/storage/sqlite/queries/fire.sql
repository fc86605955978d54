-- Lets a schedule go on to its next tick, by primary key.
UPDATE cron_schedules SET next_run_at = ?2, updated_at = ?3, last_job_id = coalesce(?4, last_job_id),
    last_enqueued_at = CASE WHEN ?4 IS NULL THEN last_enqueued_at ELSE ?5 END
WHERE id = ?1
