-- Takes away the schedules. Jobs that they added stay.
DROP TABLE cron_schedules;
