-- Adds a schedule. ARGV: origin, name, record. Answers its id, 0 where the name is taken.
if call('HEXISTS', SCHEDULE_NAMES, ARGV[2]) == 1 then
    return 0
end
local id = string.format('%d', call('HINCRBY', META, 'schedule', 1))
local schedule = cmsgpack.unpack(ARGV[3])
schedule[SCHEDULED_AT], schedule[CHANGED_AT] = NOW, NOW
keep_schedule(id, nil, schedule)
call('HSET', SCHEDULE_NAMES, ARGV[2], id)
call('ZADD', SCHEDULE_IDS, id, id)
call('PUBLISH', META .. ':wake', ORIGIN)
return tonumber(id)
