-- The jobs that an earlier claim leased and that still are, in the order of the claim. ARGV: origin, worker, token.
-- Answers the time, whether the worker is registered, and the ids. A claim with this token that comes later leases nothing.
local registered = call('HGET', WORKERS, ARGV[2])
if registered then
    local entry = cmsgpack.unpack(registered)
    entry[4] = math.max(entry[4], tonumber(ARGV[3]))
    call('HSET', WORKERS, ARGV[2], cmsgpack.pack(entry))
end
local ids = call('ZRANGEBYSCORE', PROCESSING, ARGV[2], ARGV[2])
local jobs, found, order = read_jobs(ids), {}, {}
for _, id in ipairs(ids) do
    if jobs[id] and jobs[id][TOKEN] == tonumber(ARGV[3]) then
        found[#found + 1] = id
    end
end
-- A claim wrote its events in its order.
for at, older in ipairs(fetch(EVENTS, found)) do
    local history, from = (older or '') .. jobs[found[at]][HISTORY], 1
    while from <= #history do
        local _, to, kind, event, length = string.find(history, '^(%a)(%d+),%d+,(%d+),', from)
        order[found[at]] = kind == 'p' and tonumber(event) or order[found[at]]
        from = to + length + 1
    end
end
table.sort(found, function(a, b) return (order[a] or 0) < (order[b] or 0) end)
table.insert(found, 1, string.format('%d', NOW))
table.insert(found, 2, registered and 1 or 0)
return found
