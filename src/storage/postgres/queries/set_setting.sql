-- Keeps a setting, or takes it away: job_settings_pkey.
WITH gone AS (
    DELETE FROM {schema}.job_settings WHERE name = $1::text AND $2::jsonb IS NULL RETURNING name
), kept AS (
    INSERT INTO {schema}.job_settings AS s (name, value) SELECT $1::text, $2::jsonb WHERE $2::jsonb IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE s.value <> excluded.value RETURNING name
)
SELECT name FROM gone UNION ALL SELECT name FROM kept
