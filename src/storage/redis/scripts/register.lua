-- Registers a worker. ARGV: origin, name, lease in microseconds, how far its id is from the last, what it says of itself.
local id = call('HINCRBY', META, 'worker', ARGV[4])
call('HSET', WORKERS, id, cmsgpack.pack({ ARGV[2], NOW, NOW + ARGV[3], 0 }))
call('HSET', PROFILES, id, cmsgpack.pack({ NOW, ARGV[5] }))
call('ZADD', EXPIRY, string.format('%d', NOW + ARGV[3]), id)
return id
