-- Workers whose lease ran out; a scan of job_workers, which holds one row for each living worker.
SELECT id FROM job_workers WHERE expires_at <= ?1 ORDER BY id
