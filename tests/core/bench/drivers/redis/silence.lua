-- Makes a worker look as if it had been renewed last a while ago, for a lease that was over at once.
-- ARGV: origin, worker, microseconds.
local time = call('TIME')
local then_at = time[1] * 1000000 + time[2] - ARGV[3]
local worker = cmsgpack.unpack(call('HGET', WORKERS, ARGV[2]))
call('HSET', WORKERS, ARGV[2], cmsgpack.pack({ worker[1], then_at, then_at }))
call('ZADD', EXPIRY, string.format('%.0f', then_at), ARGV[2])
