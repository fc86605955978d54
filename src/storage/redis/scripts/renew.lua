-- Renews all leases of a worker; 0 if it is not registered. ARGV: origin, worker, lease in microseconds.
local kept = call('HGET', WORKERS, ARGV[2])
if not kept then
    return 0
end
local entry = cmsgpack.unpack(kept)
entry[2], entry[3] = NOW, NOW + ARGV[3]
call('HSET', WORKERS, ARGV[2], cmsgpack.pack(entry))
call('ZADD', EXPIRY, string.format('%d', NOW + ARGV[3]), ARGV[2])
return 1
