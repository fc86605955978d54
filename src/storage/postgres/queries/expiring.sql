-- Sees to it that changed jobs expire no later than they are to: job_terms_pkey.
expiring AS (
    INSERT INTO {schema}.job_terms (job_id, due_at)
    SELECT id, expires_at FROM done WHERE expires_at IS NOT NULL AND attempts = 0
    ON CONFLICT (job_id) DO UPDATE SET due_at = least(job_terms.due_at, excluded.due_at)
)
