-- Empties a job's payload, if it is not empty yet; primary key.
UPDATE job_queue SET payload = 'null' WHERE id = ?1 AND payload IS NOT 'null'
