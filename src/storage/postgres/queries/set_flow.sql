-- Notes whether there is any limit or pause that claims have to look at: job_settings_pkey, job_types_pkey.
WITH wanted AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM {schema}.job_types) OR EXISTS (SELECT FROM {schema}.job_settings WHERE name IN ('groups', 'paused')) AS is_wanted
), gone AS (
    DELETE FROM {schema}.job_settings WHERE name = 'flow' AND NOT (SELECT is_wanted FROM wanted)
)
INSERT INTO {schema}.job_settings (name, value) SELECT 'flow', 'true' FROM wanted WHERE is_wanted ON CONFLICT (name) DO NOTHING
