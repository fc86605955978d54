-- Locks the head of one type, in the order of the ranges: idx_job_queue_claimable. A limit that the planner does not know keeps it
-- from sorting all that there is, which it would before it has statistics.
SELECT h.job_id, h.due_at, h.retrying, h.ctid AS place FROM ranges r CROSS JOIN LATERAL (
    SELECT job_id, due_at, retrying, ctid FROM {schema}.job_ready
    WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop AND (SELECT open FROM gate)
    ORDER BY rank, due_at, job_id LIMIT (SELECT $5::int8) FOR UPDATE SKIP LOCKED
) h LIMIT (SELECT $5::int8)
