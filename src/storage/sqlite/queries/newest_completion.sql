-- When a token was last over; idx_waitpoints_over.
SELECT max(coalesce(completed_at, timeout_at)) FROM waitpoints WHERE status <> 'waiting'
