-- Puts what was added where claims look for it, now or when it falls due.
ready AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
    SELECT id, due_at, ~priority, retrying, job_type FROM added WHERE due_at <= now()
), scheduled AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type)
    SELECT id, due_at, priority, retrying, job_type FROM added WHERE due_at > now()
)
