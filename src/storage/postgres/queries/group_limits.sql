-- What is kept of the limits and rates of groups: job_settings_pkey.
SELECT value::text FROM {schema}.job_settings WHERE name = 'groups'
