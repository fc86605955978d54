-- Groups begin anew to take turns.
DROP INDEX idx_job_ready_group;
ALTER TABLE job_ready DROP COLUMN group_tier;
ALTER TABLE job_ready DROP COLUMN group_id;
DROP TABLE job_turns;
