-- Which migrations are applied: dataqueue_migrations_pkey.
SELECT version FROM {schema}.dataqueue_migrations ORDER BY version
