-- Wakes idle processors; the payload tells a storage its own wakes from others'. A hint need not survive a crash, so that nobody waits
-- for the disk before it goes out.
SELECT set_config('synchronous_commit', 'off', true), pg_notify('{channel}', $1::text)
