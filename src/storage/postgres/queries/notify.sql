-- Tells the ids of ended jobs that somebody waits for, a bounded number in each payload.
(SELECT count(*) FROM (
    SELECT pg_notify('{channel}', string_agg(CAST(job_id AS text), ','))
    FROM (SELECT job_id, row_number() OVER () / 300 AS page FROM watched) AS w GROUP BY page
) AS sent)
