-- When a schedule was last changed, 0 if there is none: idx_cron_schedules_updated.
SELECT coalesce(max(updated_at), 0) FROM cron_schedules
