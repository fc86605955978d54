-- Which of these leases were ended by an earlier settlement: job_queue_pkey.
SELECT array_agg(i.worker_id), array_agg(i.job_id), array_agg(i.token)
FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS i (worker_id, job_id, token)
JOIN {schema}.job_queue j ON j.id = i.job_id AND j.lease_worker = i.worker_id AND j.lease_token = i.token
WHERE j.status <> 'processing' AND {each i.job_id}
