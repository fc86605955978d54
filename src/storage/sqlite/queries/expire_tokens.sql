-- Marks the tokens that timed out longest ago; idx_waitpoints_timeout, primary key.
UPDATE waitpoints SET status = 'timed_out' WHERE id IN (
    SELECT id FROM waitpoints WHERE status = 'waiting' AND timeout_at IS NOT NULL AND timeout_at <= ?1
    ORDER BY timeout_at LIMIT ?2
)
