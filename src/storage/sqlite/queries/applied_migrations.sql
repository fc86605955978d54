-- The migrations applied; a small table, read whole.
SELECT version, name FROM dataqueue_migrations ORDER BY version
