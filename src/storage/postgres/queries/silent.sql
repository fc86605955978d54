-- Workers whose lease ran out and was renewed last long ago: the table is small and read whole.
silent AS MATERIALIZED (
    SELECT id, renewed_at FROM {schema}.job_workers
    WHERE expires_at < now() AND renewed_at < now() - $5::float8 * interval '1 second' FOR UPDATE SKIP LOCKED
),
