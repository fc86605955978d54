-- Forgets what running jobs count for.
DELETE FROM job_slots
