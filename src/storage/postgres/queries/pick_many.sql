-- Looks at the head of each type, then locks of each what belongs to the common head: idx_job_queue_claimable.
SELECT r.job_id, r.due_at, r.priority, r.retrying, r.ctid AS place
FROM (
    SELECT h.job_type, count(*) FILTER (WHERE h.place <= $5::int8) AS quota
    FROM (
        SELECT t.job_type, row_number() OVER (ORDER BY r.priority DESC, r.due_at, r.job_id) AS place
        FROM unnest($4::text[]) AS t (job_type) CROSS JOIN LATERAL (
            SELECT priority, due_at, job_id FROM {schema}.job_ready
            WHERE job_type = t.job_type AND (SELECT open FROM gate)
            ORDER BY priority DESC, due_at, job_id LIMIT $5::int8
        ) r
    ) h
    GROUP BY h.job_type
) q CROSS JOIN LATERAL (
    SELECT job_id, due_at, priority, retrying, ctid FROM {schema}.job_ready
    WHERE job_type = q.job_type
    ORDER BY priority DESC, due_at, job_id LIMIT q.quota FOR UPDATE SKIP LOCKED
) r
