-- When the next job of any of several types falls due: idx_job_scheduled_due.
SELECT min(s.due_at) FROM unnest($4::text[]) AS t (job_type) CROSS JOIN LATERAL (
    SELECT due_at FROM {schema}.job_scheduled WHERE job_type = t.job_type ORDER BY due_at LIMIT 1
) s
