-- Forgets a migration that was taken back; primary key.
DELETE FROM dataqueue_migrations WHERE version = ?1
