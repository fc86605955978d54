-- The groups whose lines their rates let go on, and that nobody else lets go on now: idx_job_groups_opens.
SELECT group_id, running, most, paused, starts, per_seconds, spent_at, spent, opens_at FROM {schema}.job_groups
WHERE opens_at <= (SELECT at FROM moment) ORDER BY opens_at LIMIT 100 FOR UPDATE SKIP LOCKED
