-- The last claim that a registered worker asked about; primary key.
SELECT last_asked FROM job_workers WHERE id = ?1
