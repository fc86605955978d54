-- Stores a token; a repeat answers the one that is there: waitpoints_pkey.
INSERT INTO {schema}.waitpoints AS t (id, job_id, timeout_at, tags)
VALUES ($1::text, $2::int8, now() + $3::float8 * interval '1 second', $4::text::text[])
ON CONFLICT (id) DO UPDATE SET id = excluded.id
RETURNING {token}
