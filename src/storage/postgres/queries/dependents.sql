-- Jobs that wait for one: job_dependencies_pkey.
SELECT DISTINCT job_id FROM {schema}.job_dependencies WHERE prerequisite_id = $1::int8 ORDER BY job_id LIMIT $2::int8
