-- The jobs of kinds, what decides whether they count, when the transaction began, and the time now, after the wait for others who add
-- of them: job_unique_pkey, job_queue_pkey.
SELECT u.key, u.job_id, j.status, j.next_attempt_at IS NOT NULL, j.attempts, coalesce(u.expires_at > clock_timestamp(), false),
    now(), clock_timestamp()
FROM {schema}.job_unique u LEFT JOIN {schema}.job_queue j ON j.id = u.job_id AND {each u.job_id}
WHERE u.key = ANY ($1::text[])
