-- Reads a token: waitpoints_pkey.
SELECT {token} FROM {schema}.waitpoints t WHERE t.id = $1::text
