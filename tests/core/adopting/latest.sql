-- What its latest source has besides.
alter table SCHEMA.job_queue
    add column idempotency_key varchar(255),
    add column wait_until timestamptz,
    add column wait_token_id varchar(255),
    add column step_data jsonb default '{}',
    add column progress int,
    add column retry_delay int,
    add column retry_backoff boolean,
    add column retry_delay_max int,
    add column output jsonb,
    add column group_id varchar(255),
    add column group_tier varchar(255),
    add column dead_letter_job_type varchar(255),
    add column dead_lettered_at timestamptz,
    add column dead_letter_job_id int,
    add column depends_on_job_ids int[],
    add column depends_on_tags text[];
create unique index idx_job_queue_idempotency_key on SCHEMA.job_queue (idempotency_key) where idempotency_key is not null;
create index idx_job_queue_claimable on SCHEMA.job_queue (priority desc, created_at) where status = 'pending';
create index idx_job_queue_failed_retry on SCHEMA.job_queue (next_attempt_at) where status = 'failed';
create index idx_job_queue_stuck on SCHEMA.job_queue (locked_at) where status = 'processing';
create index idx_job_queue_cleanup on SCHEMA.job_queue (updated_at) where status = 'completed';
create table SCHEMA.waitpoints (
    id varchar(255) primary key,
    job_id int references SCHEMA.job_queue (id) on delete set null,
    status varchar(20) not null default 'waiting',
    output jsonb,
    timeout_at timestamptz,
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    tags text[]
);
create table SCHEMA.cron_schedules (
    id serial primary key,
    schedule_name varchar(255) not null unique,
    cron_expression varchar(255) not null,
    job_type varchar(255) not null,
    payload jsonb not null default '{}',
    max_attempts int default 3,
    priority int default 0,
    timeout_ms int,
    force_kill_on_timeout boolean default false,
    tags text[],
    timezone varchar(100) default 'UTC',
    allow_overlap boolean default false,
    status varchar(50) default 'active',
    last_enqueued_at timestamptz,
    last_job_id int,
    next_run_at timestamptz,
    created_at timestamptz default now(),
    updated_at timestamptz default now(),
    retry_delay int,
    retry_backoff boolean,
    retry_delay_max int,
    dead_letter_job_type varchar(255)
);
