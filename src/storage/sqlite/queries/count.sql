-- How many jobs match, by the arms of find.sql: primary key, idx_job_queue_open, idx_job_queue_type.
SELECT count(*) FROM ({arms})
