-- Finds the jobs that hold the keys of the JSON document: idx_job_queue_idempotency_key.
SELECT t.place - 1 AS position, j.id
FROM jsonb_array_elements(CAST(CAST({param} AS text) AS jsonb)) WITH ORDINALITY AS t (job, place)
JOIN {schema}.job_queue j ON j.idempotency_key = t.job ->> 'idempotency_key' AND j.idempotency_key IS NOT NULL
ORDER BY t.place
