-- The table that says which migrations are applied.
CREATE TABLE IF NOT EXISTS dataqueue_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT
