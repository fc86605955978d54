-- The group of a job; primary key.
SELECT group_id, group_tier FROM job_queue WHERE id = ?1
