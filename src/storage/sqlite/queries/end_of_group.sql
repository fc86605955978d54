-- Counts a job of a group that ended; primary key.
UPDATE job_groups SET running = max(running - 1, 0) WHERE group_id = ?1
