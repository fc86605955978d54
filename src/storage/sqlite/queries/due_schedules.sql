-- Reads the schedules whose tick has come: idx_cron_schedules_due.
FROM cron_schedules
WHERE status = 'active' AND next_run_at IS NOT NULL AND next_run_at <= ?1 AND (next_run_at, id) > (?2, ?3)
ORDER BY next_run_at, id LIMIT ?4
