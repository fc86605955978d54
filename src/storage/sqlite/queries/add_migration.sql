-- Records a migration.
INSERT INTO dataqueue_migrations (version, name, applied_at) VALUES (?1, ?2, ?3)
