-- The tables of release 1.24 of the TypeScript library, by its documentation.
create table SCHEMA.job_queue (
    id serial primary key,
    job_type varchar(255) not null,
    payload jsonb not null,
    status varchar(50) default 'pending',
    created_at timestamptz default current_timestamp,
    updated_at timestamptz default current_timestamp,
    locked_at timestamptz,
    locked_by varchar(255),
    attempts int default 0,
    max_attempts int default 3,
    next_attempt_at timestamptz,
    priority int default 0,
    run_at timestamptz default current_timestamp,
    pending_reason text,
    error_history jsonb default '[]',
    timeout_ms int,
    failure_reason varchar,
    completed_at timestamptz,
    started_at timestamptz,
    last_retried_at timestamptz,
    last_failed_at timestamptz,
    last_cancelled_at timestamptz,
    tags text[],
    force_kill_on_timeout boolean default false
);
create index idx_job_queue_status on SCHEMA.job_queue (status);
create index idx_job_queue_next_attempt on SCHEMA.job_queue (next_attempt_at);
create index idx_job_queue_run_at on SCHEMA.job_queue (run_at);
create index idx_job_queue_priority on SCHEMA.job_queue (priority);
create index idx_job_queue_tags on SCHEMA.job_queue using gin (tags);
create table SCHEMA.job_events (
    id serial primary key,
    job_id integer not null references SCHEMA.job_queue (id) on delete cascade,
    event_type text not null,
    created_at timestamptz default now(),
    metadata jsonb
);
create index idx_job_events_job_id on SCHEMA.job_events (job_id);
create index idx_job_events_event_type on SCHEMA.job_events (event_type);
