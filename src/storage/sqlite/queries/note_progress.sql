-- Records progress; primary key.
UPDATE job_queue SET progress = ?2, updated_at = ?3 WHERE id = ?1
