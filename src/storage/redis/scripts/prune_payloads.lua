-- Empties the payloads of old completed jobs, one step by growing id. ARGV: origin, age in microseconds, after, limit.
-- Answers how many, and the last id looked at, empty at the end.
local cutoff, count = NOW - ARGV[2], 0
local ids, is_last = walk({ { COMPLETED } }, true, tonumber(ARGV[3]), tonumber(ARGV[4]))
local jobs, dropped = read_jobs(ids), {}
for _, id in ipairs(ids) do
    local job = jobs[id]
    -- Ids grow with time: what follows is younger still.
    if job and job[CREATED_AT] > cutoff then
        is_last = true
        break
    end
    if job and job[UPDATED_AT] <= cutoff and job[PAYLOAD] ~= 'null' then
        dropped[#dropped + 1] = not job[PAYLOAD] and id or nil
        job[PAYLOAD] = 'null'
        changed[id] = job
        count = count + 1
    end
end
many('HDEL', PAYLOADS, dropped)
commit()
return { count, is_last and '' or ids[#ids] }
