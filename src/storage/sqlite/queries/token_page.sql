-- Tokens of a status behind one, newest first, and without those whose time was up by then; idx_waitpoints_newest.
SELECT id, job_id, status, output, timeout_at, created_at, completed_at, tags FROM waitpoints
WHERE status || '' = ?1 AND (created_at, id) < (?2, ?3) AND NOT coalesce(timeout_at <= ?4, 0) ORDER BY created_at DESC, id DESC LIMIT ?5
