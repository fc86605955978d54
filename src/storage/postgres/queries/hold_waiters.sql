-- Locks jobs that wait for tags, so that they are looked at by one at a time: job_queue_pkey.
SELECT id FROM {schema}.job_queue WHERE id = ANY ($1::int8[]) ORDER BY id FOR NO KEY UPDATE
