-- Registers a worker. ARGV: origin, name, lease in microseconds, how far its id is from the last.
local id = call('HINCRBY', META, 'worker', ARGV[4])
call('HSET', WORKERS, id, cmsgpack.pack({ ARGV[2], NOW, NOW + ARGV[3], 0 }))
call('ZADD', EXPIRY, string.format('%d', NOW + ARGV[3]), id)
return id
