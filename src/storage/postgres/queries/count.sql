-- Counts jobs; `{arms}` come from the filter and find the ids, each along one of: job_queue_pkey, idx_job_queue_job_type,
-- idx_job_queue_tags, idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting, idx_job_queue_blocked, idx_job_queue_claimable,
-- idx_job_scheduled_due, idx_job_line_head; job_claims, which is small, is read whole. It stops where it is told to.
SELECT count(*) FROM (SELECT FROM ({arms}) AS n LIMIT {most}) AS n
