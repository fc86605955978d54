-- What was added up of a type in a step; primary key.
SELECT numbers FROM job_traffic WHERE step = ?1 AND at = ?2 AND job_type = ?3
