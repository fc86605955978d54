-- Sets the limits of types, and their rates: job_types_pkey, job_rates_pkey. A type that has none left and is not paused is forgotten.
WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::int4[], $3::text[], $4::int4[], $5::float8[]) AS t (job_type, max_running, rate_key, most, per_seconds)
), set_types AS (
    INSERT INTO {schema}.job_types (job_type, max_running, rate_key)
    SELECT job_type, max_running, rate_key FROM input WHERE max_running IS NOT NULL OR rate_key IS NOT NULL ORDER BY job_type
    ON CONFLICT (job_type) DO UPDATE SET max_running = excluded.max_running, rate_key = excluded.rate_key
), set_rates AS (
    INSERT INTO {schema}.job_rates AS r (key, most, per_seconds)
    SELECT rate_key, min(most), max(per_seconds) FROM input WHERE rate_key IS NOT NULL GROUP BY rate_key ORDER BY rate_key
    ON CONFLICT (key) DO UPDATE SET most = excluded.most, per_seconds = excluded.per_seconds
), cleared AS (
    UPDATE {schema}.job_types t SET max_running = NULL, rate_key = NULL FROM input i
    WHERE t.job_type = i.job_type AND i.max_running IS NULL AND i.rate_key IS NULL AND t.paused
)
DELETE FROM {schema}.job_types t USING input i
WHERE t.job_type = i.job_type AND i.max_running IS NULL AND i.rate_key IS NULL AND NOT t.paused
