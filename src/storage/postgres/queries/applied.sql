-- Which migrations are applied, and which of them are not for libraries that do not know them: dataqueue_migrations_pkey.
SELECT version, starts_with(name, 'breaking_') FROM {schema}.dataqueue_migrations ORDER BY version
