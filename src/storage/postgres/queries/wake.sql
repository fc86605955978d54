-- Wakes idle processors; the payload tells a storage its own wakes from others'.
SELECT pg_notify('{channel}', $1::text)
