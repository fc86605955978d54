-- Removes a schedule. ARGV: origin, id. Answers whether there was one.
local schedule = read_schedule(ARGV[2])
if not schedule then
    return 0
end
if schedule[NEXT_RUN] then
    call('ZREM', SCHEDULES_DUE, schedule[NEXT_RUN] .. wide(ARGV[2]))
end
call('HDEL', SCHEDULE_NAMES, schedule[NAME])
call('HDEL', SCHEDULES, ARGV[2])
call('ZREM', SCHEDULE_IDS, ARGV[2])
return 1
