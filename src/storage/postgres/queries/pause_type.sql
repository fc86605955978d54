-- Pauses a type or lets it go on: job_types_pkey. One that is not paused and has no limit is forgotten.
WITH put AS (
    INSERT INTO {schema}.job_types AS t (job_type, paused) SELECT $1::text, true WHERE $2::bool
    ON CONFLICT (job_type) DO UPDATE SET paused = true WHERE NOT t.paused RETURNING job_type
), taken AS (
    UPDATE {schema}.job_types SET paused = false
    WHERE job_type = $1::text AND NOT $2::bool AND paused AND num_nonnulls(max_running, rate_key) > 0 RETURNING job_type
), gone AS (
    DELETE FROM {schema}.job_types
    WHERE job_type = $1::text AND NOT $2::bool AND paused AND num_nonnulls(max_running, rate_key) = 0 RETURNING job_type
)
SELECT job_type FROM put UNION ALL SELECT job_type FROM taken UNION ALL SELECT job_type FROM gone
