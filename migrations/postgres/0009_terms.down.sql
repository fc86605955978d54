DROP TABLE {schema}.job_unique;

DROP TABLE {schema}.job_terms;
