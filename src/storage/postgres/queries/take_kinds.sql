-- Makes new jobs those of their kinds: job_unique_pkey.
UPDATE {schema}.job_unique u SET job_id = f.job_id, expires_at = now() + f.span * interval '1 second'
FROM unnest($1::text[], $2::int8[], $3::float8[]) AS f (key, job_id, span)
WHERE u.key = f.key
