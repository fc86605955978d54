-- The number of the last report of a worker; primary key.
SELECT traffic_told FROM job_workers WHERE id = ?1
