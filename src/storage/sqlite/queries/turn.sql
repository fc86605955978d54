-- Whose turn it is among the groups of a type; primary key.
SELECT group_id, used, places, served, from_priority FROM job_turns WHERE job_type = ?1
