-- Looks at the head of each range, then locks of each what belongs to the common head: idx_job_queue_claimable.
SELECT h.job_id, h.due_at, h.retrying, h.ctid AS place
FROM (
    SELECT h.job_type, h.rank, h.due_at, h.job_id, h.stop, count(*) FILTER (WHERE h.place <= $5::int8) AS quota
    FROM (
        SELECT r.*, row_number() OVER (ORDER BY h.rank, h.due_at, h.job_id) AS place
        FROM ranges r CROSS JOIN LATERAL (
            SELECT rank, due_at, job_id FROM {schema}.job_ready
            WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop
                AND (SELECT open FROM gate)
            ORDER BY rank, due_at, job_id LIMIT (SELECT $5::int8)
        ) h
    ) h
    GROUP BY h.job_type, h.rank, h.due_at, h.job_id, h.stop
) q CROSS JOIN LATERAL (
    SELECT job_id, due_at, retrying, ctid FROM {schema}.job_ready
    WHERE job_type = q.job_type AND (rank, due_at, job_id) > (q.rank, q.due_at, q.job_id) AND rank < q.stop
    ORDER BY rank, due_at, job_id LIMIT q.quota FOR UPDATE SKIP LOCKED
) h
