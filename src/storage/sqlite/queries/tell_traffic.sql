-- Notes which report of a worker was the last; primary key.
UPDATE job_workers SET traffic_told = ?2 WHERE id = ?1
