-- Keeps when the line of a group goes on; primary key.
UPDATE job_groups SET opens_at = ?2 WHERE group_id = ?1
