-- Limits, rates and pauses, in hashes of MessagePack arrays. Where there are none, SETTINGS is empty, and nothing here is looked at.
-- KINDS: of a type, how many run, how many may (false: any number), the key of its rate or false, whether it is paused.
-- RATES: of a key, how many may start within so many microseconds, until when none may or false, and what was spent: pairs of a time
-- and a number. GROUPS: of a group, how many run, how many may as the last claim saw it, whether it is paused. SLOTS: of a running
-- job that is counted, its type or false, its group or false. LINE: `<group>\0<type>\0<place in the queue>`, jobs that a claim met
-- while as many of their group ran as may.
-- How many jobs of a type one end lets go on from a line.
local HEADS = 1000

local function read_map(key, field)
    local kept = call('HGET', key, field)
    return kept and cmsgpack.unpack(kept)
end

local function keep_map(key, field, value)
    call('HSET', key, field, cmsgpack.pack(value))
end

local function kind_of(job_type)
    return read_map(KINDS, job_type)
end

local function group_of(name)
    return read_map(GROUPS, name) or { 0, false, 0 }
end

-- Lets jobs of a group's line go on, of each type at most so many.
local function release_line(name, most)
    local behind = '[' .. name .. '\0'
    while true do
        local head = call('ZRANGEBYLEX', LINE, behind, '[' .. name .. '\0\255', 'LIMIT', 0, 1)[1]
        if not head then
            return
        end
        local job_type = string.match(string.sub(head, #name + 2), '^([^%z]*)')
        local prefix = name .. '\0' .. job_type .. '\0'
        local heads = call('ZRANGEBYLEX', LINE, '[' .. prefix, '[' .. prefix .. '\255', 'LIMIT', 0, most)
        for _, member in ipairs(heads) do
            leave(LINE, member)
            enter(READY, '0', string.sub(member, #name + 2))
            wake, unforeseen = true, true
        end
        behind = '[' .. name .. '\0' .. job_type .. '\1'
    end
end

-- Lets as many of a group go on as there is room for. A claim that finds no room puts them back.
local function admit(name)
    local group = group_of(name)
    local room = group[2] and math.min(group[2] - group[1], HEADS) or HEADS
    if group[3] == 0 and room > 0 then
        release_line(name, room)
    end
end

-- Gives back what jobs counted for that run no more.
local function free(ids)
    local groups = {}
    for at, slot in ipairs(fetch(SLOTS, ids)) do
        if slot then
            local job_type, name = unpack(cmsgpack.unpack(slot))
            local kind = job_type and kind_of(job_type)
            if kind then
                kind[1] = math.max(kind[1] - 1, 0)
                keep_map(KINDS, job_type, kind)
            end
            if name then
                local group = group_of(name)
                group[1] = math.max(group[1] - 1, 0)
                keep_map(GROUPS, name, group)
                groups[name] = true
            end
            call('HDEL', SLOTS, ids[at])
            -- Whoever ended them may have left jobs that wait for the room.
            wake, unforeseen = true, true
        end
    end
    for name in pairs(groups) do
        admit(name)
    end
end
