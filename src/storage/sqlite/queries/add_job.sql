-- Adds a job, its timeout negative where the handler is killed at its end; a taken key (idx_job_queue_idempotency_key) adds nothing.
INSERT INTO job_queue (job_type, priority, max_attempts, created_at, updated_at, run_at, timeout_ms, force_kill_on_timeout,
                       idempotency_key, retry_delay, retry_backoff, retry_delay_max, tags, payload)
VALUES (?1, ?2, ?3, ?4, ?4, ?5, abs(?6), coalesce(?6 < 0, 0), ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
