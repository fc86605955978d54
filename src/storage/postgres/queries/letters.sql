-- Adds the dead letters of jobs that failed for good, as add.sql does. One has the trace of its job and else no options.
letters AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, extras)
    SELECT letter_id, letter_type, jsonb_build_object(
        'originalJob', jsonb_build_object('id', id, 'jobType', job_type, 'attempts', attempts, 'maxAttempts', max_attempts),
        'originalPayload', original, 'failure', jsonb_build_object('message', message, 'reason', reason, 'failedAt', {stamp})
    ), jsonb_strip_nulls(jsonb_build_object('dead_letter_of', id, 'traceparent', trace))
    FROM done WHERE letter_type IS NOT NULL ORDER BY letter_id
    RETURNING id, job_type, priority, run_at, extras
), letters_ready AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
    SELECT id, run_at, ~priority, false, job_type FROM letters
), letters_noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, 'added', jsonb_build_object('dead_letter_of', extras -> 'dead_letter_of') FROM letters
)
