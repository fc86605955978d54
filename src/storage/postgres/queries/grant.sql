-- Grants a group of what a claim wants as many as may run and may start, and counts these. What starts within a span of time is
-- counted by parts of that span, as in start_limited.sql, for two spans: a claim may have begun before another that counted first.
-- What was counted by parts of a longer span, before the rate was changed, is over after two of this one. Where jobs wait because
-- of the rate, the line goes on at `opens_at`.
SELECT excluded.most, excluded.starts, excluded.per_seconds, n.granted, g.running + n.granted, w.spent_at, w.spent,
    CASE WHEN n.granted + n.used >= excluded.starts AND (n.granted < excluded.granted OR excluded.opens_at IS NOT NULL OR g.opens_at IS NOT NULL)
        THEN w.next_at ELSE g.opens_at END
FROM (
    SELECT u.used, CASE WHEN g.paused THEN 0
        ELSE greatest(least(excluded.granted, excluded.most - g.running, excluded.starts - u.used), 0) END AS granted
    FROM (
        SELECT coalesce(sum(s.n), 0)::int4 AS used FROM unnest(g.spent_at, g.spent) AS s (at, n)
        WHERE s.at > (SELECT at FROM gate) - excluded.per_seconds * interval '1 second'
    ) u
) n CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(at ORDER BY at), '{}') AS spent_at, coalesce(array_agg(n ORDER BY at), '{}') AS spent,
        min(at) FILTER (WHERE s.at > (SELECT at FROM gate) - excluded.per_seconds * interval '1 second')
            + excluded.per_seconds * interval '1 second' AS next_at
    FROM (
        SELECT s.at, sum(s.n)::int4 AS n
        FROM (
            SELECT least(s.at, (SELECT at FROM gate) + excluded.per_seconds * interval '1 second') AS at, s.n
            FROM unnest(g.spent_at, g.spent) AS s (at, n)
            UNION ALL SELECT excluded.spent_at[1], n.granted WHERE n.granted > 0
        ) s WHERE s.at > (SELECT at FROM gate) - 2 * excluded.per_seconds * interval '1 second' GROUP BY s.at
    ) s
) w
