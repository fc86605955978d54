-- Takes away every job and all that belongs to them.
DROP TABLE {schema}.job_watchers;
DROP TABLE {schema}.job_events;
DROP TABLE {schema}.job_leases;
DROP TABLE {schema}.job_workers;
DROP TABLE {schema}.job_scheduled;
DROP TABLE {schema}.job_ready;
DROP TABLE {schema}.job_queue;
DROP FUNCTION {schema}.job_queue_deleted();
