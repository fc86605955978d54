-- Asks a living worker to drain: it is told when it renews. ARGV: origin, worker. Answers whether there is one.
local kept = call('HGET', WORKERS, ARGV[2])
local entry = kept and cmsgpack.unpack(kept)
if not entry or entry[3] <= NOW then
    return 0
end
entry[5], entry[6] = entry[5] or false, 1
call('HSET', WORKERS, ARGV[2], cmsgpack.pack(entry))
call('PUBLISH', META .. ':wake', 'cancel')
return 1
