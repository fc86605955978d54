-- Deletes old events, one step by growing job. ARGV: origin, age in microseconds, after, jobs to look at.
-- Answers how many, and the last job looked at, empty at the end.
local cutoff, deleted = NOW - ARGV[2], 0
local arms = { { PENDING }, { PROCESSING }, { COMPLETED }, { FAILED }, { CANCELLED }, { WAITING } }
local ids, is_last = walk(arms, true, tonumber(ARGV[3]), tonumber(ARGV[4]))
local gone, kept, jobs = {}, {}, read_jobs(ids)

-- What is left of a part of a history.
local function trimmed(history)
    local from = 1
    while from <= #history do
        local _, to, time, length = string.find(history, '^%a%d+,(%d+),(%d+),', from)
        if tonumber(time) >= cutoff then
            break
        end
        from, deleted = to + length + 1, deleted + 1
    end
    return string.sub(history, from)
end

for at, older in ipairs(fetch(EVENTS, ids)) do
    local id = ids[at]
    local left = older and trimmed(older)
    if left == '' then
        gone[#gone + 1] = id
    elseif left ~= older then
        kept[#kept + 1] = id
        kept[#kept + 1] = left
    end
    local job = jobs[id]
    if job and (not left or left == '') then
        local latest = trimmed(job[HISTORY])
        if latest ~= job[HISTORY] then
            job[HISTORY] = latest
            changed[id] = job
        end
    end
end
many('HDEL', EVENTS, gone)
many('HSET', EVENTS, kept)
commit()
return { deleted, is_last and '' or ids[#ids] }
