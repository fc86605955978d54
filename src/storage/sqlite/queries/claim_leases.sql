-- The jobs that one claim leased and that still are, in the order in which it wrote their events; a walk along the worker's
-- part of the primary key, and idx_job_events_job_id.
SELECT job_id FROM job_leases WHERE worker_id = ?1 AND token = ?2
ORDER BY (SELECT max(job_events.id) FROM job_events WHERE job_events.job_id = job_leases.job_id AND event_type = 'processing'), job_id
