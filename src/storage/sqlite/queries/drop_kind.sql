-- Forgets a kind; primary key.
DELETE FROM job_unique WHERE key = ?1
