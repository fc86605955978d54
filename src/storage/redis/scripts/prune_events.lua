-- Deletes old events, one step by growing job. ARGV: origin, age in microseconds, after, jobs to look at.
-- Answers how many, and the last job looked at, empty at the end.
local cutoff, deleted = NOW - ARGV[2], 0
local arms = { { PENDING }, { PROCESSING }, { COMPLETED }, { FAILED }, { CANCELLED }, { WAITING } }
local ids, is_last = walk(arms, true, tonumber(ARGV[3]), tonumber(ARGV[4]))
local gone, kept = {}, {}
for at, history in ipairs(fetch(EVENTS, ids)) do
    local from = 1
    while history and from <= #history do
        local _, to, time, length = string.find(history, '^%a%d+,(%d+),(%d+),', from)
        if tonumber(time) >= cutoff then
            break
        end
        from, deleted = to + length + 1, deleted + 1
    end
    if history and from > #history then
        gone[#gone + 1] = ids[at]
    elseif from > 1 then
        kept[#kept + 1] = ids[at]
        kept[#kept + 1] = string.sub(history, from)
    end
end
many('HDEL', EVENTS, gone)
many('HSET', EVENTS, kept)
return { deleted, is_last and '' or ids[#ids] }
