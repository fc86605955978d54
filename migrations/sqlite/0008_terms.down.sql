DROP TABLE job_unique;
DROP TABLE job_terms;
