-- What is paused: job_settings by its primary key; job_types, which is small; idx_job_groups_paused.
SELECT 'all', '' FROM job_settings WHERE name = 'paused'
UNION ALL SELECT 'type', job_type FROM job_types WHERE paused
UNION ALL SELECT 'group', group_id FROM job_groups WHERE paused
