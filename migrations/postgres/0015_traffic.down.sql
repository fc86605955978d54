-- What workers did is forgotten; it is for charts alone.
ALTER TABLE {schema}.job_workers DROP COLUMN traffic_told;
DROP TABLE {schema}.job_traffic;
