-- One job with the columns above; primary key.
 FROM job_queue WHERE id = ?1
