-- How many jobs match, as far as so many, by the arms of find.sql: primary key, idx_job_queue_open, idx_job_queue_type.
SELECT count(*) FROM ({arms} LIMIT ?)
