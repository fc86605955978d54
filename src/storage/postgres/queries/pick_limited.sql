-- As pick_many.sql, of each type and of each key no more than there is room for: idx_job_queue_claimable. Where no limit is one of types
-- and there is one range, it is read as it stands.
SELECT h.job_id, h.due_at, h.rank, h.retrying, h.job_type, h.group_id, h.group_tier, h.place
FROM (SELECT * FROM ranges WHERE (SELECT count(*) FROM kinds) = 0 AND (SELECT count(*) FROM ranges) = 1) r CROSS JOIN LATERAL (
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier, ctid AS place FROM {schema}.job_ready
    WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop AND (SELECT open FROM gate)
    ORDER BY rank, due_at, job_id LIMIT $5::int8 FOR UPDATE SKIP LOCKED
) h
UNION ALL
SELECT h.job_id, h.due_at, h.rank, h.retrying, h.job_type, h.group_id, h.group_tier, h.ctid AS place
FROM (
    SELECT h.job_type, h.from_rank, h.from_due_at, h.from_job_id, h.stop, count(*) FILTER (WHERE h.place <= $5::int8) AS quota
    FROM (
        SELECT h.*, row_number() OVER (ORDER BY h.rank, h.due_at, h.job_id) AS place
        FROM (
            SELECT h.*, row_number() OVER (PARTITION BY h.rate_key ORDER BY h.rank, h.due_at, h.job_id) AS place_of_key
            FROM (
                SELECT r.job_type, r.rank AS from_rank, r.due_at AS from_due_at, r.job_id AS from_job_id, r.stop, r.rate_key, r.of_key,
                    r.of_type, h.rank, h.due_at, h.job_id,
                    row_number() OVER (PARTITION BY r.job_type ORDER BY h.rank, h.due_at, h.job_id) AS place_of_type
                FROM (
                    SELECT * FROM ranges WHERE (SELECT count(*) FROM kinds) > 0 OR (SELECT count(*) FROM ranges) > 1
                ) r CROSS JOIN LATERAL (
                    SELECT rank, due_at, job_id FROM {schema}.job_ready
                    WHERE job_type = r.job_type AND (rank, due_at, job_id) > (r.rank, r.due_at, r.job_id) AND rank < r.stop
                        AND (SELECT open FROM gate)
                    ORDER BY rank, due_at, job_id LIMIT least($5::int8, r.of_type, r.of_key)
                ) h
            ) h WHERE h.place_of_type <= h.of_type
        ) h WHERE h.rate_key IS NULL OR h.place_of_key <= h.of_key
    ) h
    GROUP BY h.job_type, h.from_rank, h.from_due_at, h.from_job_id, h.stop
) q CROSS JOIN LATERAL (
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier, ctid FROM {schema}.job_ready
    WHERE job_type = q.job_type AND (rank, due_at, job_id) > (q.from_rank, q.from_due_at, q.from_job_id) AND rank < q.stop
    ORDER BY rank, due_at, job_id LIMIT q.quota FOR UPDATE SKIP LOCKED
) h
