-- The next jobs by growing id that may be changed, and whether each matches: walks along idx_job_queue_open, idx_job_queue_type or the
-- primary key, merged. Tags are looked up by their primary key.
{arms} ORDER BY 1 LIMIT ?
