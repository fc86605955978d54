-- Reads schedules. ARGV: origin, then an id, a name or empty texts for these, and for a page by growing id the status or
-- empty, the id before it and how many are wanted. Answers two values for each: id, record.
local id, name, status = ARGV[2], ARGV[3], ARGV[4]
if name ~= '' then
    id = call('HGET', SCHEDULE_NAMES, name) or '0'
end
local after, limit, answer = ARGV[5], tonumber(ARGV[6]) or 1, {}
local function take(ids)
    for at, record in ipairs(fetch(SCHEDULES, ids)) do
        if #answer < 2 * limit and record and (status == '' or cmsgpack.unpack(record)[SCHEDULE_STATUS] == status) then
            answer[#answer + 1] = ids[at]
            answer[#answer + 1] = record
        end
    end
end
if id ~= '' then
    take({ id })
    return answer
end
while #answer < 2 * limit do
    local ids = call('ZRANGEBYSCORE', SCHEDULE_IDS, '(' .. after, '+inf', 'LIMIT', 0, limit)
    if #ids == 0 then
        break
    end
    take(ids)
    after = ids[#ids]
end
return answer
