-- Whether there are limits or pauses: job_settings_pkey.
SELECT EXISTS (SELECT FROM {schema}.job_settings WHERE name = 'flow')
