-- The migrations applied; a small table, read whole.
SELECT version FROM dataqueue_migrations ORDER BY version
