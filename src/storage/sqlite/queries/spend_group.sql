-- Keeps the rate of a group, what was spent of it, and when its line goes on; primary key.
UPDATE job_groups SET starts = ?2, per = ?3, spent = ?4, opens_at = ?5 WHERE group_id = ?1
