-- Reads jobs by id: job_queue_pkey.
SELECT {job} FROM {schema}.job_queue j WHERE j.id = ANY ($1::int8[])
