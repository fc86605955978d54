-- Whether the table of migrations exists; the schema table, read whole.
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'dataqueue_migrations')
