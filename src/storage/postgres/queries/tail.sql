-- Events in the order of their transactions and ids: of the transactions of $3, and of all from $1 on, there behind the id $2 (of $4
-- behind the id $5, and of that the job $6). What commits is seen when it has committed, and whoever remembers which transactions
-- were under way asks for them by $3: idx_job_events_xact, idx_job_event_batches_xact. Transactions from the snapshot's end on are
-- none of this server's. At most $7 rows of each table and late transaction are looked at, and no further batch where their jobs come
-- to as many. An equality would let the planner go along the ids of all batches.
WITH moment AS MATERIALIZED (
    SELECT pg_snapshot_xmax(s)::text::int8 AS stop, ARRAY(SELECT x::text::int8 FROM pg_snapshot_xip(s) AS x) AS running
    FROM pg_current_snapshot() AS s
), late AS MATERIALIZED (
    SELECT x, CASE WHEN x = $4::int8 THEN $5::int8 ELSE 0 END AS from_id FROM unnest($3::int8[]) AS x
), found AS MATERIALIZED (
    SELECT e.* FROM late l CROSS JOIN LATERAL (
        SELECT xact, id, created_at, event_type, metadata, ARRAY[job_id] AS job_ids FROM {schema}.job_events
        WHERE (xact, id) >= (l.x, l.from_id) AND xact <= l.x ORDER BY xact, id LIMIT $7::int8
    ) e
    UNION ALL
    SELECT b.* FROM late l CROSS JOIN LATERAL (
        SELECT xact, id, created_at, event_type, NULL::jsonb, job_ids FROM {schema}.job_event_batches
        WHERE (xact, id) >= (l.x, l.from_id) AND xact <= l.x ORDER BY xact, id LIMIT $7::int8
    ) b
    UNION ALL
    (SELECT xact, id, created_at, event_type, metadata, ARRAY[job_id] FROM {schema}.job_events
        WHERE (xact, id) >= ($1::int8, $2::int8) AND xact < (SELECT stop FROM moment) ORDER BY xact, id LIMIT $7::int8)
    UNION ALL
    (SELECT xact, id, created_at, event_type, NULL::jsonb, job_ids FROM {schema}.job_event_batches
        WHERE (xact, id) >= ($1::int8, $2::int8) AND xact < (SELECT stop FROM moment) ORDER BY xact, id LIMIT $7::int8)
), counted AS MATERIALIZED (
    SELECT *, sum(cardinality(job_ids)) OVER (ORDER BY xact, id) - cardinality(job_ids) AS ahead
    FROM found ORDER BY xact, id LIMIT $7::int8
), page AS MATERIALIZED (
    SELECT * FROM counted WHERE ahead < $7::int8
), told AS (
    SELECT p.id, j.job_id, p.event_type, p.created_at, p.metadata, p.xact FROM page p CROSS JOIN LATERAL unnest(p.job_ids) AS j (job_id)
    WHERE NOT (p.xact = $4::int8 AND p.id = $5::int8 AND j.job_id <= $6::int8) AND p.id > $8::int8
        AND ($9::text[] IS NULL OR p.event_type = ANY ($9::text[])) AND ($10::int8 IS NULL OR j.job_id = $10::int8)
)
SELECT t.*, m.stop, m.running, (SELECT count(*) FROM found) >= $7::int8 OR (SELECT count(*) FROM found) > (SELECT count(*) FROM page),
    (SELECT max(xact) FROM page), (SELECT max(id) FROM page WHERE xact = (SELECT max(xact) FROM page))
FROM moment m LEFT JOIN told t ON true ORDER BY t.xact, t.id, t.job_id
