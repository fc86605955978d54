-- Looks whether the heads of the ranges that have room are longer than what was picked of their type: idx_job_queue_claimable.
SELECT FROM ranges r CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM picked p WHERE p.job_type = r.job_type
) p CROSS JOIN LATERAL (
    SELECT FROM {schema}.job_ready
    WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop AND (SELECT open FROM gate)
    ORDER BY rank, due_at, job_id LIMIT (SELECT $5::int8 + 1) OFFSET p.count
) h WHERE r.of_type > p.count AND r.of_key > (
    SELECT count(*) FROM picked p JOIN kinds k ON k.job_type = p.job_type WHERE k.rate_key = r.rate_key
)
