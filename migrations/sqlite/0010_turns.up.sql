-- Whose turn it is among the groups of a type, for claims in which they take turns.
CREATE TABLE job_turns (
    job_type      TEXT PRIMARY KEY,
    group_id      TEXT    NOT NULL,
    used          INTEGER NOT NULL,
    places        INTEGER NOT NULL,
    served        INTEGER NOT NULL,
    from_priority INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE job_ready ADD COLUMN group_id TEXT;
ALTER TABLE job_ready ADD COLUMN group_tier TEXT;

UPDATE job_ready SET (group_id, group_tier) = (SELECT group_id, group_tier FROM job_queue WHERE id = job_ready.job_id)
WHERE EXISTS (SELECT 1 FROM job_queue WHERE id = job_ready.job_id AND group_id IS NOT NULL);

CREATE INDEX idx_job_ready_group ON job_ready (job_type, group_id, priority DESC, due_at, job_id) WHERE group_id IS NOT NULL;
