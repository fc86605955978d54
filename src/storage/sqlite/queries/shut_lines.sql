-- Forgets when lines go on, of which none is left; idx_job_groups_opens.
UPDATE job_groups SET opens_at = NULL WHERE opens_at IS NOT NULL
