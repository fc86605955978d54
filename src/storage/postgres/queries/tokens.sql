-- Tokens of these statuses behind one, newest first; of those that wait, if asked, only those whose time is not up:
-- idx_waitpoints_newest.
SELECT {token} FROM unnest($1::text[]) AS s (status) CROSS JOIN LATERAL (
    SELECT * FROM {schema}.waitpoints w
    WHERE w.status || '' = s.status AND (w.created_at, w.id) < ($2::timestamptz, $3::text)
        AND NOT ($4::bool AND coalesce(w.timeout_at <= now(), false))
    ORDER BY w.created_at DESC, w.id DESC LIMIT $5::int8
) t ORDER BY t.created_at DESC, t.id DESC LIMIT $5::int8
