-- What workers did is forgotten; it is for charts alone.
ALTER TABLE job_workers DROP COLUMN traffic_told;
DROP TABLE job_traffic;
