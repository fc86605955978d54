-- Limits are lost; jobs that they kept waiting become claimable.
INSERT OR IGNORE INTO job_ready (job_type, priority, due_at, job_id, is_retry)
SELECT job_type, priority, due_at, job_id, is_retry FROM job_line;
DROP TABLE job_line;
DROP TABLE job_slots;
DROP TABLE job_groups;
DROP TABLE job_rates;
DROP TABLE job_types;
DROP TABLE job_settings;
