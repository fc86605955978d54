-- The newest job but one that has all of some tags, of which the first is given apart, and has not ended; primary keys of job_tags and
-- job_queue.
SELECT job_queue.id FROM job_tags CROSS JOIN job_queue ON job_queue.id = job_tags.job_id
WHERE job_tags.tag = ?1 AND job_queue.id <> ?3
    AND (status IN ('pending', 'processing', 'waiting') OR status = 'failed' AND next_attempt_at IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(?2) AS asked
        WHERE NOT EXISTS (SELECT 1 FROM job_tags AS has WHERE has.tag = asked.value AND has.job_id = job_queue.id)
    )
ORDER BY job_tags.job_id DESC LIMIT 1
