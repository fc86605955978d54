-- What a job waits for, as it was said when it was added; primary key.
SELECT depends_on_job_ids, depends_on_tags FROM job_queue WHERE id = ?1
