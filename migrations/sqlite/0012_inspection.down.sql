-- What workers said of themselves is lost, and who was asked to drain.
DROP INDEX idx_waitpoints_newest;
ALTER TABLE job_workers DROP COLUMN host;
ALTER TABLE job_workers DROP COLUMN pid;
ALTER TABLE job_workers DROP COLUMN version;
ALTER TABLE job_workers DROP COLUMN concurrency;
ALTER TABLE job_workers DROP COLUMN job_types;
ALTER TABLE job_workers DROP COLUMN started_at;
ALTER TABLE job_workers DROP COLUMN draining;
