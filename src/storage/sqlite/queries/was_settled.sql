-- Whether a lease that is gone was settled by its holder; primary key.
SELECT EXISTS (SELECT 1 FROM job_queue
               WHERE id = ?1 AND lease_worker = ?2 AND lease_token = ?3 AND status <> 'processing')
