-- What the living workers claim; the table is small.
SELECT job_types FROM job_workers WHERE expires_at > ?1 LIMIT 10000
