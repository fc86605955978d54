-- Takes jobs from workers whose lease ran out, and from those that left. ARGV: origin, limit, most crashes, most errors.
-- Answers the first ids of large batches that were given up, and two values a job: its id, and 1 if it ended.
local limit, reclaimed = tonumber(ARGV[2]), {}
-- A registration goes before the jobs: a worker must not renew after it lost the first of them.
for _, worker in ipairs(call('ZRANGEBYSCORE', EXPIRY, '-inf', string.format('%d', NOW), 'LIMIT', 0, 100)) do
    call('HDEL', WORKERS, worker)
    call('ZREM', EXPIRY, worker)
    call('HDEL', PROFILES, worker)
    call('SADD', ORPHANS, worker)
end
for _, worker in ipairs(call('SRANDMEMBER', ORPHANS, 100)) do
    local room = limit - #reclaimed / 2
    if room <= 0 then
        break
    end
    local ids = call('ZRANGEBYSCORE', PROCESSING, worker, worker, 'LIMIT', 0, room)
    if #ids < room then
        call('SREM', ORPHANS, worker)
    end
    local jobs = read_jobs(ids)
    for _, id in ipairs(ids) do
        if jobs[id] then
            local is_over = take(id, jobs[id], tonumber(ARGV[3]), tonumber(ARGV[4]))
            reclaimed[#reclaimed + 1] = id
            reclaimed[#reclaimed + 1] = is_over and 1 or 0
        else
            -- Deleted by hand while it ran.
            leave(PROCESSING, id)
        end
    end
end
-- An earlier version of the library leaves those of its workers.
for _, worker in ipairs(call('HLEN', PROFILES) > call('HLEN', WORKERS) and call('HRANDFIELD', PROFILES, 20) or {}) do
    if call('HEXISTS', WORKERS, worker) == 0 then
        call('HDEL', PROFILES, worker)
    end
end
if call('HLEN', WATCHERS) > 0 then
    local watchers = call('HRANDFIELD', WATCHERS, 20, 'WITHVALUES')
    for at = 1, #watchers, 2 do
        if tonumber(watchers[at + 1]) < NOW then
            call('HDEL', WATCHERS, watchers[at])
        end
    end
end
local given_up, batches = {}, call('HGETALL', BATCHES)
for at = 1, #batches, 2 do
    if tonumber(string.match(batches[at + 1], '^%d+,(%d+),')) < NOW then
        given_up[#given_up + 1] = batches[at]
    end
end
commit()
return { given_up, reclaimed }
