-- Looks whether the heads of all types are longer than what was picked: idx_job_queue_claimable.
SELECT FROM unnest($4::text[]) AS t (job_type) CROSS JOIN LATERAL (
    SELECT FROM {schema}.job_ready WHERE job_type = t.job_type AND (SELECT open FROM gate)
    ORDER BY priority DESC, due_at, job_id LIMIT $5::int8 + 1
) r OFFSET (SELECT count(*) FROM picked)
