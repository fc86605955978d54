-- Jobs that wait for the ends of others, which stand in no table of what may be claimed until they are released.
CREATE TABLE {schema}.job_dependencies (
    prerequisite_id bigint NOT NULL,
    job_id bigint NOT NULL,
    by_tag boolean NOT NULL DEFAULT false,
    PRIMARY KEY (prerequisite_id, job_id, by_tag)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

CREATE INDEX idx_job_dependencies_job_id ON {schema}.job_dependencies (job_id);

-- Null where they say nothing, which costs no other job any room. `open_prerequisites` counts the rows above, and one more where the job
-- waits for tags.
ALTER TABLE {schema}.job_queue
    ADD COLUMN has_dependents boolean,
    ADD COLUMN blocked boolean,
    ADD COLUMN open_prerequisites integer;

CREATE INDEX idx_job_queue_blocked ON {schema}.job_queue (id) WHERE blocked;

-- What a job waits for goes with it. Who waits for a job that is gone goes on: a sweep sees to it.
CREATE FUNCTION {schema}.job_dependencies_deleted() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
BEGIN
    DELETE FROM {schema}.job_dependencies d USING gone g WHERE d.job_id = g.id AND g.blocked;
    RETURN NULL;
END
$dataqueue$;

CREATE TRIGGER job_dependencies_deleted AFTER DELETE ON {schema}.job_queue
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION {schema}.job_dependencies_deleted();
