-- Takes a setting away; primary key.
DELETE FROM job_settings WHERE name = ?1
