-- Begins turns of the types that have none, and locks those of all, in order, until the claim behind it is over: job_turns_pkey. A statement
-- of its own, so that the claim sees what those before it left.
INSERT INTO {schema}.job_turns (job_type) SELECT job_type FROM unnest($1::text[]) AS t (job_type) ORDER BY job_type
ON CONFLICT (job_type) DO UPDATE SET used = excluded.used WHERE false
