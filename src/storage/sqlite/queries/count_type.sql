-- Counts jobs of a type that started or ended; primary key.
UPDATE job_types SET running = max(running + ?2, 0) WHERE job_type = ?1
