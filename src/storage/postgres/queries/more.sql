-- Looks whether the heads of all ranges are longer than what was picked: idx_job_queue_claimable.
SELECT FROM ranges r CROSS JOIN LATERAL (
    SELECT FROM {schema}.job_ready
    WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop AND (SELECT open FROM gate)
    ORDER BY rank, due_at, job_id LIMIT (SELECT $5::int8 + 1)
) h OFFSET (SELECT count(*) FROM picked)
