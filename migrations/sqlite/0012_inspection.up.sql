-- What workers say of themselves, null of those of an earlier version, and whether somebody asked them to drain.
ALTER TABLE job_workers ADD COLUMN host TEXT;
ALTER TABLE job_workers ADD COLUMN pid INTEGER;
ALTER TABLE job_workers ADD COLUMN version TEXT;
ALTER TABLE job_workers ADD COLUMN concurrency INTEGER;
ALTER TABLE job_workers ADD COLUMN job_types TEXT;
ALTER TABLE job_workers ADD COLUMN started_at INTEGER;
ALTER TABLE job_workers ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;

-- Tokens of a status from the newest on, written so that the planner takes it for nothing else.
CREATE INDEX idx_waitpoints_newest ON waitpoints (status || '', created_at, id);
