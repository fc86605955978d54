-- Forgets how many jobs of each type run; job_types is small.
UPDATE job_types SET running = 0 WHERE running > 0
