-- How many workers live and what they claim, by a table that is small, and how many jobs there are by the statistics.
WITH alive AS MATERIALIZED (
    SELECT job_types FROM {schema}.job_workers WHERE expires_at > clock_timestamp()
)
SELECT count(*), coalesce(bool_or(job_types IS NULL), false),
    (SELECT array_agg(DISTINCT t.job_type) FROM alive a CROSS JOIN unnest(a.job_types) AS t (job_type)),
    (SELECT reltuples::float8 FROM pg_class WHERE oid = '{schema_text}.job_queue'::regclass)
FROM alive
