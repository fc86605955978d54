-- Notes of running jobs that somebody asks to cancel them, and tells their workers: job_queue_pkey, and job_leases_pkey, which is
-- locked first, as by a settlement.
WITH held AS MATERIALIZED (
    SELECT l.job_id, l.worker_id, l.token
    FROM {schema}.job_queue j CROSS JOIN LATERAL (
        SELECT job_id, worker_id, token FROM {schema}.job_leases
        WHERE worker_id = j.lease_worker AND job_id = j.id AND token = j.lease_token FOR UPDATE
    ) l
    WHERE j.id = ANY ($1::int8[]) AND j.status = 'processing' AND j.cancel_requested_at IS NULL
), done AS (
    UPDATE {schema}.job_queue j SET cancel_requested_at = now(), updated_at = now()
    FROM held h WHERE j.id = h.job_id AND j.status = 'processing' AND j.lease_worker = h.worker_id AND j.lease_token = h.token
        AND j.cancel_requested_at IS NULL AND {each h.job_id}
    RETURNING j.id
), marked AS (
    UPDATE {schema}.job_leases l SET cancel_requested = true FROM held h
    WHERE l.worker_id = h.worker_id AND l.job_id = h.job_id AND {each h.job_id}
), told AS (
    SELECT pg_notify('{channel}', 'cancel') FROM done LIMIT 1
)
SELECT count(*), (SELECT count(*) FROM told) FROM done
