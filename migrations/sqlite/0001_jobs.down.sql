DROP TABLE job_events;
DROP TABLE job_leases;
DROP TABLE job_workers;
DROP TABLE job_scheduled;
DROP TABLE job_ready;
DROP TABLE job_tags;
DROP TABLE job_bodies;
DROP TABLE job_queue;
