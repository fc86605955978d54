-- Seats a claim in which groups take turns (job_turns_pkey), of each type and of each key no more than there is room for. Types share the
-- places one by one, beginning with that which was served longest ago. Of a type's places every fourth goes to what has been due for
-- longest, found among the heads of 64 priorities (idx_job_queue_claimable); the others go round the groups from where the last claim
-- stopped (idx_job_ready_group), and then to the others in their order. What is seated is locked: job_ready_pkey.
WITH turns AS MATERIALIZED (
    SELECT r.job_type, r.rate_key, r.of_key, least($5::int8, r.of_type, r.of_key) AS room, t.group_id, t.used, t.places % 4 AS beat, t.from_rank,
        row_number() OVER (ORDER BY t.served, r.job_type) AS turn, max(t.served) OVER () AS served
    FROM ranges r CROSS JOIN LATERAL (SELECT * FROM {schema}.job_turns WHERE job_type = r.job_type) t WHERE (SELECT open FROM gate)
), heads AS MATERIALIZED (
    SELECT t.job_type, t.rate_key, t.of_key, t.turn, h.job_id, row_number() OVER (PARTITION BY t.job_type ORDER BY h.rank, h.due_at, h.job_id) AS number
    FROM turns t CROSS JOIN LATERAL (
        SELECT job_id, rank, due_at FROM {schema}.job_ready WHERE job_type = t.job_type ORDER BY rank, due_at, job_id LIMIT t.room
    ) h
), shares AS MATERIALIZED (
    SELECT t.*, s.count, (t.beat + s.count) / 4 AS most_oldest FROM turns t JOIN (
        SELECT job_type, count(*) AS count FROM (
            SELECT h.job_type, row_number() OVER (ORDER BY h.number, h.turn) AS seat FROM (
                SELECT *, row_number() OVER (PARTITION BY rate_key ORDER BY number, turn) AS of_rate FROM heads
            ) h WHERE h.rate_key IS NULL OR h.of_rate <= h.of_key
        ) h WHERE h.seat <= $5::int8 GROUP BY job_type
    ) s ON s.job_type = t.job_type
), oldest AS MATERIALIZED (
    SELECT s.job_type, o.job_id, 4 * o.number - s.beat AS place, o.from_rank
    FROM shares s CROSS JOIN LATERAL (
        WITH RECURSIVE ranks AS (
            (SELECT rank, 1 AS number FROM {schema}.job_ready WHERE job_type = s.job_type AND rank >= s.from_rank ORDER BY rank LIMIT 1)
            UNION ALL
            SELECT (
                SELECT r.rank FROM {schema}.job_ready r WHERE r.job_type = s.job_type AND r.rank > k.rank ORDER BY r.rank LIMIT 1
            ), k.number + 1 FROM ranks k WHERE k.rank IS NOT NULL AND k.number < 64
        )
        SELECT h.job_id, row_number() OVER (ORDER BY h.due_at, h.job_id) AS number,
            CASE WHEN (SELECT count(rank) FROM ranks) < 64 THEN -2147483648 ELSE (SELECT max(rank) FROM ranks) + 1::int8 END AS from_rank
        FROM ranks k CROSS JOIN LATERAL (
            SELECT job_id, due_at FROM {schema}.job_ready WHERE job_type = s.job_type AND rank = k.rank ORDER BY due_at, job_id LIMIT s.most_oldest
        ) h ORDER BY h.due_at, h.job_id LIMIT s.most_oldest
    ) o WHERE s.most_oldest > 0
), others AS MATERIALIZED (
    SELECT s.*, s.count - (SELECT count(*) FROM oldest o WHERE o.job_type = s.job_type) AS wanted FROM shares s
), grouped AS MATERIALIZED (
    SELECT o.job_type, g.job_id, g.number, g.used
    FROM others o CROSS JOIN LATERAL (
        {seat_groups}
    ) g WHERE o.wanted > 0
), rest AS MATERIALIZED (
    SELECT h.job_type, h.job_id, g.count + row_number() OVER (PARTITION BY h.job_type ORDER BY h.number) AS number
    FROM others o CROSS JOIN LATERAL (SELECT count(*) AS count FROM grouped WHERE job_type = o.job_type) g
        JOIN heads h ON h.job_type = o.job_type AND h.number <= o.count
    WHERE h.job_id <> ALL (ARRAY(SELECT job_id FROM oldest UNION ALL SELECT job_id FROM grouped))
), seats AS MATERIALIZED (
    SELECT s.*, row_number() OVER (ORDER BY s.place, s.turn) AS seat FROM (
        SELECT c.job_type, c.job_id, t.turn, t.served, c.used, c.from_rank,
            coalesce(c.place, c.number + (c.number - 1 + t.beat) / 3) AS place
        FROM (
            SELECT job_type, job_id, place, NULL::int8 AS number, NULL::int8 AS used, from_rank FROM oldest
            UNION ALL SELECT job_type, job_id, NULL, number, used, NULL FROM grouped
            UNION ALL SELECT job_type, job_id, NULL, number, NULL, NULL FROM rest
        ) c JOIN others t ON t.job_type = c.job_type WHERE c.number IS NULL OR c.number <= t.wanted
    ) s ORDER BY s.place, s.turn LIMIT $5::int8
)
SELECT h.job_id, h.due_at, h.rank, h.retrying, h.job_type, h.group_id, h.group_tier, h.ctid AS place, s.seat, s.used::int4 AS used,
    s.from_rank, s.served + s.seat AS served
FROM seats s CROSS JOIN LATERAL (
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier, ctid FROM {schema}.job_ready
    WHERE job_id = s.job_id AND job_type = s.job_type LIMIT 1 FOR UPDATE SKIP LOCKED
) h
