-- What keeps our tables true while another program writes jobs. Its rights may end at the tables that it made: the functions have the
-- owner's.
ALTER FUNCTION {schema}.job_queue_deleted() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION {schema}.job_dependencies_deleted() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Nulls of the other program stand for what it would have left out.
CREATE FUNCTION {schema}.job_queue_filled() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
BEGIN
    NEW.status := coalesce(NEW.status, 'pending');
    NEW.created_at := coalesce(NEW.created_at, now());
    NEW.updated_at := coalesce(NEW.updated_at, now());
    NEW.run_at := coalesce(NEW.run_at, now());
    NEW.priority := coalesce(NEW.priority, 0);
    NEW.attempts := coalesce(NEW.attempts, 0);
    NEW.max_attempts := coalesce(NEW.max_attempts, 3);
    NEW.force_kill_on_timeout := coalesce(NEW.force_kill_on_timeout, false);
    NEW.error_history := coalesce(NEW.error_history, '[]');
    NEW.step_data := coalesce(NEW.step_data, '{}');
    RETURN NEW;
END
$dataqueue$;

CREATE TRIGGER job_queue_filled BEFORE INSERT OR UPDATE ON {schema}.job_queue FOR EACH ROW
    WHEN (num_nulls(NEW.status, NEW.created_at, NEW.updated_at, NEW.run_at, NEW.priority, NEW.attempts, NEW.max_attempts,
        NEW.force_kill_on_timeout, NEW.error_history, NEW.step_data) > 0)
    EXECUTE FUNCTION {schema}.job_queue_filled();

-- Jobs that the other program lets wait for others are its own to start. Ours are blocked from the first.
ALTER TABLE {schema}.job_queue ADD COLUMN theirs boolean;

CREATE FUNCTION {schema}.job_queue_theirs() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
BEGIN
    NEW.theirs := true;
    RETURN NEW;
END
$dataqueue$;

CREATE TRIGGER job_queue_theirs BEFORE INSERT ON {schema}.job_queue FOR EACH ROW
    WHEN (num_nonnulls(NEW.depends_on_job_ids, NEW.depends_on_tags) > 0 AND NEW.blocked IS NULL)
    EXECUTE FUNCTION {schema}.job_queue_theirs();

UPDATE {schema}.job_queue SET theirs = true WHERE num_nonnulls(depends_on_job_ids, depends_on_tags) > 0;

-- The other program knows no leases. What it claims is leased to nobody, what a living worker holds it leaves alone, and a job of ours that
-- it resumes goes on waiting, due at once. Our own claims change the lease, and our own ends take the worker's name away.
CREATE FUNCTION {schema}.job_queue_guarded() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $dataqueue$
BEGIN
    IF OLD.status = 'waiting' AND NEW.status = 'pending' THEN
        NEW.status := 'waiting';
        NEW.wait_until := now();
        NEW.wait_token_id := NULL;
        RETURN NEW;
    END IF;
    IF OLD.status = 'processing'
        AND EXISTS (SELECT FROM {schema}.job_workers WHERE id = OLD.lease_worker AND expires_at > clock_timestamp()) THEN
        RETURN NULL;
    END IF;
    NEW.lease_worker := NULL;
    NEW.lease_token := NULL;
    NEW.lease_retry_at := NULL;
    RETURN NEW;
END
$dataqueue$;

CREATE TRIGGER job_queue_guarded BEFORE UPDATE ON {schema}.job_queue FOR EACH ROW
    WHEN ((NEW.lease_worker, NEW.lease_token) IS NOT DISTINCT FROM (OLD.lease_worker, OLD.lease_token) AND (
        NEW.status = 'processing' AND OLD.status <> 'processing'
        OR OLD.lease_token IS NOT NULL AND (
            OLD.status = 'waiting' AND NEW.status = 'pending'
            OR OLD.status = 'processing' AND (
                NEW.status IN ('completed', 'failed') AND NEW.locked_by IS NOT NULL
                OR NEW.status = 'pending' AND NEW.attempts = OLD.attempts))))
    EXECUTE FUNCTION {schema}.job_queue_guarded();

-- Follows a job that was added or changed. Rows that a claim holds are left to it: it looks at the job once more, and whatever it makes of
-- them, the job stands among the scheduled ones too.
CREATE FUNCTION {schema}.job_queue_followed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $dataqueue$
DECLARE
    due timestamptz := CASE
        WHEN NEW.theirs THEN NULL
        WHEN NEW.status = 'pending' AND NEW.blocked IS NULL THEN NEW.run_at
        WHEN NEW.status = 'failed' THEN NEW.next_attempt_at
        WHEN NEW.status = 'waiting' AND NEW.lease_token IS NOT NULL THEN NEW.wait_until END;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM {schema}.job_ready WHERE job_id = (
            SELECT job_id FROM {schema}.job_ready WHERE job_id = NEW.id
                AND (due IS NULL OR (due_at, rank, job_type) IS DISTINCT FROM (due, ~NEW.priority, CAST(NEW.job_type AS text)))
            FOR UPDATE SKIP LOCKED
        );
        DELETE FROM {schema}.job_line WHERE job_id = (
            SELECT job_id FROM {schema}.job_line WHERE job_id = NEW.id
                AND (due IS NULL OR (due_at, rank, job_type) IS DISTINCT FROM (due, ~NEW.priority, CAST(NEW.job_type AS text)))
            FOR UPDATE SKIP LOCKED
        );
    END IF;
    IF due IS NULL THEN
        DELETE FROM {schema}.job_scheduled WHERE job_id = NEW.id;
        IF NEW.status IN ('completed', 'cancelled', 'failed') THEN
            DELETE FROM {schema}.job_watchers WHERE job_id = NEW.id;
            IF FOUND THEN
                PERFORM pg_notify('{channel}', CAST(NEW.id AS text));
            END IF;
        END IF;
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT FROM {schema}.job_ready WHERE job_id = NEW.id AND due_at = due AND rank = ~NEW.priority)
        AND NOT EXISTS (SELECT FROM {schema}.job_line WHERE job_id = NEW.id AND due_at = due AND rank = ~NEW.priority)
        AND NOT EXISTS (SELECT FROM {schema}.job_scheduled WHERE job_id = NEW.id AND due_at = due AND priority = NEW.priority)
    THEN
        INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
        VALUES (NEW.id, due, NEW.priority, NEW.status = 'failed', NEW.job_type, NEW.group_id, NEW.group_tier)
        ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, priority = excluded.priority, retrying = excluded.retrying,
            job_type = excluded.job_type;
        PERFORM pg_notify('{channel}', '');
    END IF;
    RETURN NULL;
END
$dataqueue$;

CREATE TRIGGER job_queue_added_elsewhere AFTER INSERT ON {schema}.job_queue FOR EACH ROW
    WHEN (NEW.added_event IS NULL)
    EXECUTE FUNCTION {schema}.job_queue_followed();

CREATE TRIGGER job_queue_changed_elsewhere AFTER UPDATE ON {schema}.job_queue FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND NOT (NEW.status = 'processing' AND NEW.lease_token IS NOT NULL)
            AND NOT (OLD.status = 'processing' AND NEW.status = 'completed' AND NEW.locked_by IS NULL)
        OR OLD.status = NEW.status AND NEW.status IN ('pending', 'failed', 'waiting')
            AND (OLD.priority, OLD.run_at, OLD.next_attempt_at, OLD.wait_until, OLD.job_type)
            IS DISTINCT FROM (NEW.priority, NEW.run_at, NEW.next_attempt_at, NEW.wait_until, NEW.job_type))
    EXECUTE FUNCTION {schema}.job_queue_followed();

-- What waits already.
INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
SELECT id, run_at, ~priority, false, job_type, group_id, group_tier FROM {schema}.job_queue
WHERE status = 'pending' AND run_at <= now() AND theirs IS NULL;

INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
SELECT id, CASE status WHEN 'failed' THEN next_attempt_at ELSE run_at END, priority, status = 'failed', job_type, group_id, group_tier
FROM {schema}.job_queue
WHERE (status = 'pending' AND run_at > now() OR status = 'failed' AND next_attempt_at IS NOT NULL) AND theirs IS NULL;

INSERT INTO {schema}.dataqueue_migrations (version, name) VALUES (0, 'adopted');

ANALYZE {schema}.job_queue, {schema}.job_ready, {schema}.job_scheduled, {schema}.job_events;
