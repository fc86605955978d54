-- Reads the schedules whose tick has come, the store's clock, and the next tick of any: idx_cron_schedules_due.
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at
), next AS MATERIALIZED (
    SELECT min(next_run_at) AS at FROM {schema}.cron_schedules
    WHERE status = 'active' AND next_run_at IS NOT NULL AND next_run_at > (SELECT at FROM moment)
), due AS MATERIALIZED (
    SELECT * FROM {schema}.cron_schedules
    WHERE status = 'active' AND next_run_at IS NOT NULL AND next_run_at <= (SELECT at FROM moment)
        AND (next_run_at, id) > ($1::timestamptz, $2::int8)
    ORDER BY next_run_at, id LIMIT $3::int8
)
SELECT m.at, n.at, {schedule} FROM moment m CROSS JOIN next n LEFT JOIN due s ON true ORDER BY s.next_run_at, s.id
