-- Records reports about running jobs whose lease is held: job_queue_pkey.
WITH done AS (
    UPDATE {schema}.job_queue j SET updated_at = now(), progress = coalesce(i.progress, j.progress),
        output = coalesce(i.output, j.output),
        step_data = CASE WHEN i.steps IS NULL THEN j.step_data ELSE j.step_data || i.steps END,
        locked_at = CASE WHEN i.prolonged_ms IS NULL THEN j.locked_at ELSE now() END
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int4[], $5::jsonb[], $6::int8[],
            $7::jsonb[])
        AS i (worker_id, job_id, token, progress, output, prolonged_ms, steps)
    WHERE j.id = i.job_id AND j.status = 'processing' AND j.lease_worker = i.worker_id AND j.lease_token = i.token
        AND {each i.job_id}
    RETURNING j.id, i.worker_id, i.token, i.prolonged_ms
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata)
    SELECT id, clock_timestamp(), 'prolonged', jsonb_build_object('timeout_ms', prolonged_ms) FROM done
    WHERE prolonged_ms IS NOT NULL
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token) FROM done
