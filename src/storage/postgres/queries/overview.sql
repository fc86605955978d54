-- The types of jobs that may be claimed, now or later, as far as $2 of them, and of the $3 whose oldest job has been due for longest how many
-- there are, counted to just beyond $1. Skips from type to type, and in each from priority to priority: idx_job_queue_claimable,
-- idx_job_scheduled_due.
WITH RECURSIVE ready AS (
    (SELECT job_type FROM {schema}.job_ready ORDER BY job_type LIMIT 1)
    UNION ALL
    SELECT (SELECT r.job_type FROM {schema}.job_ready r WHERE r.job_type > ready.job_type ORDER BY r.job_type LIMIT 1)
    FROM ready WHERE ready.job_type IS NOT NULL
), scheduled AS (
    (SELECT job_type FROM {schema}.job_scheduled ORDER BY job_type LIMIT 1)
    UNION ALL
    SELECT (SELECT s.job_type FROM {schema}.job_scheduled s WHERE s.job_type > scheduled.job_type ORDER BY s.job_type LIMIT 1)
    FROM scheduled WHERE scheduled.job_type IS NOT NULL
), named AS MATERIALIZED (
    (SELECT job_type FROM ready WHERE job_type IS NOT NULL LIMIT $2::int8)
    UNION
    (SELECT job_type FROM scheduled WHERE job_type IS NOT NULL LIMIT $2::int8)
), aged AS MATERIALIZED (
    SELECT n.job_type, least(o.due_at, d.due_at) AS oldest, l.due_at AS next
    FROM named n LEFT JOIN LATERAL (
        WITH RECURSIVE ranks AS (
            (SELECT rank, due_at, 1 AS place FROM {schema}.job_ready WHERE job_type = n.job_type ORDER BY rank, due_at, job_id LIMIT 1)
            UNION ALL
            SELECT r.rank, r.due_at, k.place + 1 FROM ranks k CROSS JOIN LATERAL (
                SELECT rank, due_at FROM {schema}.job_ready WHERE job_type = n.job_type AND rank > k.rank
                ORDER BY rank, due_at, job_id LIMIT 1
            ) r WHERE k.place < 100
        )
        SELECT min(due_at) AS due_at FROM ranks
    ) o ON true LEFT JOIN LATERAL (
        SELECT due_at FROM {schema}.job_scheduled WHERE job_type = n.job_type AND due_at <= now() ORDER BY due_at LIMIT 1
    ) d ON true LEFT JOIN LATERAL (
        SELECT due_at FROM {schema}.job_scheduled WHERE job_type = n.job_type AND due_at > now() ORDER BY due_at LIMIT 1
    ) l ON true
), chosen AS MATERIALIZED (
    SELECT job_type, oldest FROM aged ORDER BY oldest, job_type LIMIT $3::int8
)
SELECT now(), (SELECT count(*) FROM aged), (SELECT min(oldest) FROM aged), (SELECT min(next) FROM aged), c.job_type, c.oldest, (
    SELECT count(*) FROM (SELECT FROM {schema}.job_ready WHERE job_type = c.job_type LIMIT $1::int8 + 1) AS few
) + (
    SELECT count(*) FROM (
        SELECT FROM {schema}.job_scheduled WHERE job_type = c.job_type AND due_at <= now() LIMIT $1::int8 + 1
    ) AS few
), (
    SELECT count(*) FROM (SELECT FROM {schema}.job_scheduled WHERE job_type = c.job_type AND due_at > now() LIMIT $1::int8 + 1) AS few
)
FROM (SELECT) AS one LEFT JOIN chosen c ON true
