-- Adds what a worker did to the minute and the hour that it is, unless the same report or a later one was recorded: job_workers_pkey,
-- job_traffic_pkey. $4 has the numbers of all types one after another, $5 of each. Rows are taken in one order by all workers.
WITH told AS (
    UPDATE {schema}.job_workers SET traffic_told = $2::int8 WHERE id = $1::int8 AND traffic_told < $2::int8
    RETURNING clock_timestamp() AS now
), added AS (
    INSERT INTO {schema}.job_traffic AS t (step, at, job_type, numbers)
    SELECT s.step, to_timestamp(floor(extract(epoch FROM told.now) / s.step) * s.step), r.job_type,
        ($4::int8[])[(r.place - 1) * $5::int4 + 1 : r.place * $5::int4]
    FROM told CROSS JOIN (VALUES (60), (3600)) s (step) CROSS JOIN unnest($3::text[]) WITH ORDINALITY r (job_type, place)
    ORDER BY s.step, r.job_type
    ON CONFLICT (step, at, job_type) DO UPDATE SET numbers = ARRAY(
        SELECT coalesce(n.kept, 0) + coalesce(n.new, 0)
        FROM unnest(t.numbers, excluded.numbers) WITH ORDINALITY n (kept, new, place) ORDER BY n.place
    )
)
SELECT EXISTS (SELECT FROM {schema}.job_workers WHERE id = $1::int8)
