-- The registered workers by growing id. ARGV: origin, the id behind which they begin, how many, of how many jobs of each to tell at most.
-- Answers, packed, of each: its id, name, renewal, the end of its lease, whether it is to drain, when it registered and what it said of
-- itself, each false where that is not known, how many jobs it runs, and some of them, the oldest claim first.
local after, limit, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ids = {}
for _, id in ipairs(call('ZRANGE', EXPIRY, 0, 99999)) do
    ids[#ids + 1] = tonumber(id) > after and tonumber(id) or nil
end
table.sort(ids)
local answer = {}
for at = 1, math.min(#ids, limit) do
    local id = string.format('%d', ids[at])
    local kept, profile = call('HGET', WORKERS, id), call('HGET', PROFILES, id)
    if kept then
        local entry, about = cmsgpack.unpack(kept), profile and cmsgpack.unpack(profile) or { false, false }
        local running = call('ZRANGEBYSCORE', PROCESSING, id, id, 'LIMIT', 0, most)
        local jobs = read_jobs(running)
        table.sort(running, function(a, b)
            local of_a, of_b = jobs[a] and jobs[a][TOKEN] or 0, jobs[b] and jobs[b][TOKEN] or 0
            return of_a < of_b or (of_a == of_b and tonumber(a) < tonumber(b))
        end)
        for place, job in ipairs(running) do
            running[place] = tonumber(job)
        end
        answer[#answer + 1] = {
            ids[at], entry[1], entry[2], entry[3], entry[6] and 1 or 0, about[1], about[2], call('ZCOUNT', PROCESSING, id, id), running,
        }
    end
end
return { cmsgpack.pack(answer), string.format('%d', NOW) }
