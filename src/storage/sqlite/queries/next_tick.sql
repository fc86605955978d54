-- When the next schedule falls due: idx_cron_schedules_due.
SELECT min(next_run_at) FROM cron_schedules WHERE status = 'active' AND next_run_at IS NOT NULL AND next_run_at > ?1
