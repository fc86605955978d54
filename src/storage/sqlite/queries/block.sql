-- Lets a job that is in no table of what may be claimed wait for others; primary key.
UPDATE job_queue SET blocked = 1, depends_on_job_ids = ?2, depends_on_tags = ?3, pending_reason = ?4 WHERE id = ?1
