-- Forgets how many jobs of each group run; a walk through all groups.
UPDATE job_groups SET running = 0 WHERE running > 0
