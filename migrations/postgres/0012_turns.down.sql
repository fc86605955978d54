-- Groups begin anew to take turns.
DROP INDEX {schema}.idx_job_ready_group;
DROP TABLE {schema}.job_turns;
