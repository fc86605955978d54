-- What the dead letter of a job is made of, if it is to have one; primary key of both tables.
SELECT job_type, dead_letter_job_type, attempts, max_attempts, extras ->> 'traceparent',
    coalesce(payload, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'payload'))
FROM job_queue WHERE id = ?1 AND dead_letter_job_type IS NOT NULL
