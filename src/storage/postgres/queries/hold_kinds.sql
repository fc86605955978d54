-- Locks kinds of jobs, by key, so that two who add of the same ones do not wait for each other in a ring: job_unique_pkey. A kind that
-- nobody knew has no job yet.
INSERT INTO {schema}.job_unique (key, job_id) SELECT key, 0 FROM unnest($1::text[]) AS k (key) ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET key = excluded.key
