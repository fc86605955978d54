-- Completes a token; primary key.
UPDATE waitpoints SET status = 'completed', output = ?2, completed_at = ?3 WHERE id = ?1
