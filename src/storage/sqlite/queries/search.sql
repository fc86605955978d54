-- The next jobs from the newest on, when each was added, and whether it matches: walks along the primary key, idx_job_queue_open,
-- idx_job_queue_type or the tags' primary key, merged as far as they are read.
{arms} ORDER BY 1 DESC LIMIT ?
