-- The migrations applied; primary key.
SELECT version FROM dataqueue_migrations ORDER BY version
