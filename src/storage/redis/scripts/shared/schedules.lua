local SCHEDULES, SCHEDULE_IDS, SCHEDULE_NAMES = unpack(KEYS, 27, 29)

-- The members of a schedule's record, a MessagePack array in the hash of schedules, as far as scripts read them. False stands
-- for a value that is not there; the next tick is sortable text, other times are microseconds since 1970.
local NAME, SCHEDULE_STATUS, ALLOW_OVERLAP, NEXT_RUN, ENQUEUED_AT, LAST_JOB = 1, 2, 3, 4, 5, 6
local SCHEDULED_AT, CHANGED_AT = 7, 8

local function read_schedule(id)
    local record = call('HGET', SCHEDULES, id)
    return record and cmsgpack.unpack(record)
end

-- Keeps a schedule, due at its next tick if it is active.
local function keep_schedule(id, before, schedule)
    local member = wide(id)
    if before and before[NEXT_RUN] then
        call('ZREM', SCHEDULES_DUE, before[NEXT_RUN] .. member)
    end
    call('HSET', SCHEDULES, id, cmsgpack.pack(schedule))
    if schedule[SCHEDULE_STATUS] == 'active' and schedule[NEXT_RUN] then
        call('ZADD', SCHEDULES_DUE, 0, schedule[NEXT_RUN] .. member)
    end
end
