-- What jobs wait for, as it was said when they were added: job_queue_pkey.
SELECT id, coalesce(depends_on_job_ids, '{}'), coalesce(depends_on_tags, '{}') FROM {schema}.job_queue WHERE id = ANY ($1::int8[])
