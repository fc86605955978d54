-- Finds the jobs that one claim leased and that still are leased: job_claims_pkey, job_queue_pkey.
SELECT {job} FROM {schema}.job_claims c CROSS JOIN unnest(c.job_ids) AS i (job_id) JOIN {schema}.job_queue j ON j.id = i.job_id
WHERE c.worker_id = $1::int8 AND c.token = $2::int8
    AND j.status = 'processing' AND j.lease_worker = c.worker_id AND j.lease_token = c.token AND {each i.job_id}
ORDER BY j.priority DESC, coalesce(j.wait_until, j.lease_retry_at, j.run_at), j.id
