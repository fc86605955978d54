-- Finds the jobs that hold the keys of the JSON document, one after another: idx_job_queue_idempotency_key.
SELECT t.place - 1 AS position, j.id
FROM jsonb_array_elements(CAST(CAST({param} AS text) AS jsonb)) WITH ORDINALITY AS t (job, place)
CROSS JOIN LATERAL (
    SELECT id FROM {schema}.job_queue
    WHERE idempotency_key = t.job ->> 'idempotency_key' AND idempotency_key IS NOT NULL OFFSET 0
) j
ORDER BY t.place
