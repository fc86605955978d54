-- Sees to it that a claim which was asked about leases nothing any more; primary key.
UPDATE job_workers SET last_asked = max(last_asked, ?2) WHERE id = ?1
