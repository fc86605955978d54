-- How many jobs of a group run, may as the last claim saw it, and whether it is paused; primary key.
SELECT running, most, paused FROM job_groups WHERE group_id = ?1
