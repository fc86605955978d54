-- The groups of these jobs (job_queue_pkey) and those named that have room: job_groups_pkey. A line that waits for its rate alone is left to
-- the claim that finds it due.
SELECT group_id, running, most, paused, starts, per_seconds, spent_at, spent, opens_at FROM {schema}.job_groups
WHERE group_id = ANY (ARRAY(
        SELECT group_id FROM {schema}.job_queue WHERE id = ANY ($1::int8[]) AND group_id IS NOT NULL UNION SELECT unnest($2::text[])
    )) AND running < most AND NOT paused AND (opens_at IS NULL OR most < 2147483647)
