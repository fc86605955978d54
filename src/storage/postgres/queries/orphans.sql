-- Claims without a worker, some of them, and the jobs that they still lease: job_claims_pkey, which is skipped through from
-- worker to worker, and job_queue_pkey. A claim goes with the last of its jobs.
dead AS MATERIALIZED (
    WITH RECURSIVE holders AS (
        (SELECT worker_id FROM {schema}.job_claims ORDER BY worker_id LIMIT 1)
        UNION ALL
        SELECT (SELECT c.worker_id FROM {schema}.job_claims c WHERE c.worker_id > h.worker_id ORDER BY c.worker_id LIMIT 1)
        FROM holders h WHERE h.worker_id IS NOT NULL
    )
    SELECT worker_id FROM holders h
    WHERE worker_id IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.job_workers w WHERE w.id = h.worker_id)
), counted AS MATERIALIZED (
    SELECT c.worker_id, c.token, sum(cardinality(c.job_ids)) OVER (ORDER BY c.worker_id, c.token) - cardinality(c.job_ids) AS before
    FROM (
        SELECT c.worker_id, c.token, c.job_ids FROM dead d CROSS JOIN LATERAL (
            SELECT * FROM {schema}.job_claims WHERE worker_id = d.worker_id ORDER BY token LIMIT $1::int8
        ) c LIMIT $1::int8
    ) c
), swept AS MATERIALIZED (
    SELECT c.worker_id, c.token, c.job_ids FROM counted n CROSS JOIN LATERAL (
        SELECT worker_id, token, job_ids FROM {schema}.job_claims
        WHERE worker_id = n.worker_id AND token = n.token FOR UPDATE SKIP LOCKED
    ) c WHERE n.before < $1::int8
), leased AS MATERIALIZED (
    SELECT j.id AS job_id, s.worker_id, s.token
    FROM swept s CROSS JOIN unnest(s.job_ids) AS i (job_id) JOIN {schema}.job_queue j ON j.id = i.job_id
    WHERE j.status = 'processing' AND j.lease_worker = s.worker_id AND j.lease_token = s.token AND {each i.job_id}
    ORDER BY j.id
), rest AS MATERIALIZED (
    SELECT worker_id, token FROM leased OFFSET $1::int8
), taken AS (
    DELETE FROM {schema}.job_claims c USING swept s
    WHERE c.worker_id = s.worker_id AND c.token = s.token AND {each s.token}
        AND NOT EXISTS (SELECT FROM rest r WHERE r.worker_id = s.worker_id AND r.token = s.token)
),
