-- Keeps jobs of a type, and of those that share its rate, from starting for so many seconds: job_types_pkey, job_rates_pkey.
WITH kind AS (
    INSERT INTO {schema}.job_types AS t (job_type, rate_key) VALUES ($1::text, $1::text)
    ON CONFLICT (job_type) DO UPDATE SET rate_key = coalesce(t.rate_key, excluded.rate_key) RETURNING rate_key
)
INSERT INTO {schema}.job_rates AS r (key, most, per_seconds, held_until)
SELECT rate_key, 2147483647, 1, clock_timestamp() + $2::float8 * interval '1 second' FROM kind
ON CONFLICT (key) DO UPDATE SET held_until = greatest(r.held_until, excluded.held_until)
