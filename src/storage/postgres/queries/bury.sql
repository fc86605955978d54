-- Removes workers whose lease ran out, and watchers that were never told: both tables are small and read whole.
-- job_workers_pkey.
WITH forgotten AS (
    DELETE FROM {schema}.job_watchers WHERE expires_at < now()
)
DELETE FROM {schema}.job_workers WHERE id = ANY (ARRAY(
    SELECT id FROM {schema}.job_workers WHERE expires_at < now() ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
))
