-- What is paused: job_settings_pkey; job_types, which is small; idx_job_groups_paused.
SELECT 'all', NULL FROM {schema}.job_settings WHERE name = 'paused'
UNION ALL SELECT 'type', job_type FROM {schema}.job_types WHERE paused
UNION ALL SELECT 'group', group_id FROM {schema}.job_groups WHERE paused
