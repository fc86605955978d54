-- How many jobs of a group run, may as the last claim saw it, whether it is paused, its rate and when its line goes on; primary key.
SELECT running, most, paused, starts, per, spent, opens_at FROM job_groups WHERE group_id = ?1
