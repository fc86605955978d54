-- The types that have a limit or are paused, of which there are few, and their rates: job_types_pkey, job_rates_pkey.
SELECT t.job_type, t.running, t.max_running, t.paused, r.most, r.per_seconds, (
    SELECT coalesce(sum(s.n), 0) FROM unnest(r.spent_at, r.spent) AS s (at, n)
    WHERE s.at > clock_timestamp() - r.per_seconds * interval '1 second'
), CASE WHEN r.held_until > clock_timestamp() THEN r.held_until END
FROM {schema}.job_types t LEFT JOIN {schema}.job_rates r ON r.key = t.rate_key ORDER BY t.job_type LIMIT 10000
