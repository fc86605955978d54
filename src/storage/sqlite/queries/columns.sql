-- The columns of a job in the order that rows.rs reads them; long values come from job_bodies by its primary key.
 id, job_type, status, priority, attempts, max_attempts, created_at, updated_at, run_at, locked_at, locked_by,
 started_at, completed_at, next_attempt_at, last_retried_at, last_failed_at, last_cancelled_at, pending_reason,
 failure_reason, timeout_ms, idempotency_key, progress, retry_delay, retry_backoff, retry_delay_max, wait_until,
 wait_token_id, group_id, group_tier, dead_letter_job_type, dead_lettered_at, dead_letter_job_id,
 depends_on_job_ids, depends_on_tags, force_kill_on_timeout, cancel_requested_at, cancel_reason, crashes,
 tags,
 coalesce(payload, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'payload')),
 coalesce(output, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'output')),
 coalesce(error_history, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'error_history')),
 coalesce(step_data, (SELECT value FROM job_bodies WHERE job_id = job_queue.id AND field = 'step_data')),
 expires_at, extras
