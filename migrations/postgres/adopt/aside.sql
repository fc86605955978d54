-- Puts the tables of the TypeScript library aside, so that the migrations make theirs, which are the pattern for what is missing.
CREATE SCHEMA {aside};

DO $dataqueue$
DECLARE
    shared text;
    lacking text;
BEGIN
    SELECT string_agg(needed, ', ') INTO lacking FROM unnest(ARRAY['id', 'job_type', 'payload', 'status', 'attempts', 'max_attempts', 'next_attempt_at',
        'priority', 'run_at', 'locked_at', 'locked_by', 'error_history', 'tags', 'timeout_ms', 'completed_at', 'last_failed_at']) AS needed
    WHERE needed NOT IN (
        SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = '{schema_text}.job_queue'::regclass AND attnum > 0 AND NOT attisdropped
    );
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'the table job_queue is not one that the TypeScript library made, as it lacks %: bring that library''s own '
            'migrations up to date first, or choose another schema', lacking;
    END IF;
    FOREACH shared IN ARRAY ARRAY['job_queue', 'job_events', 'waitpoints', 'cron_schedules'] LOOP
        IF to_regclass('{schema_text}.' || shared) IS NOT NULL THEN
            EXECUTE 'ALTER TABLE {schema_text}.' || shared || ' SET SCHEMA {aside}';
        END IF;
    END LOOP;
END
$dataqueue$;
