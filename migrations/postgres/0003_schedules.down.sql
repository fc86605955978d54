-- Takes away the schedules. Jobs that they added stay.
DROP TABLE {schema}.cron_schedules;
