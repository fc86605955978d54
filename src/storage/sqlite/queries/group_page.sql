-- Groups behind one; primary key.
SELECT group_id, running, most, paused, opens_at, starts, per, spent FROM job_groups WHERE group_id > ?1 ORDER BY group_id LIMIT ?2
