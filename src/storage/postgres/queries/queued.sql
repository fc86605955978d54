-- Puts what was added where claims look for it, now or when it falls due, and notes its terms.
ready AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, ~priority, retrying, job_type, group_id, group_tier FROM added WHERE due_at <= now()
), scheduled AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, priority, retrying, job_type, group_id, group_tier FROM added WHERE due_at > now()
), termed AS (
    INSERT INTO {schema}.job_terms (job_id, due_at)
    SELECT id, least(expires_at, now() + CAST(extras ->> 'keep_result_for' AS double precision) * interval '1 second') FROM added
    WHERE expires_at IS NOT NULL OR extras -> 'keep_result_for' IS NOT NULL
)
