-- Jobs that wait for the ends of others, which stand in no table of what may be claimed until they are released. A row by tag stands for
-- one of the jobs that have the tags.
CREATE TABLE job_dependencies (
    prerequisite_id INTEGER NOT NULL,
    job_id          INTEGER NOT NULL,
    by_tag          INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (prerequisite_id, job_id, by_tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_job_dependencies_job_id ON job_dependencies (job_id);

ALTER TABLE job_queue ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
