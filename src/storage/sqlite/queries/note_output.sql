-- Records the output so far, if it is short; primary key.
UPDATE job_queue SET output = ?2, updated_at = ?3 WHERE id = ?1
