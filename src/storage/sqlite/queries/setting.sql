-- A setting; primary key.
SELECT value FROM job_settings WHERE name = ?1
