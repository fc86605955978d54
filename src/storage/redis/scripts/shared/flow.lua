-- Limits, rates and pauses, in hashes of MessagePack arrays. Where there are none, SETTINGS is empty, and nothing here is looked at.
-- KINDS: of a type, how many run, how many may (false: any number), the key of its rate or false, whether it is paused.
-- RATES: of a key, how many may start within so many microseconds, until when none may or false, and what was spent: pairs of a time
-- and a number. GROUPS: of a group, how many run, how many may as the last claim saw it, whether it is paused, and where it has a rate,
-- that, as of a key. SLOTS: of a running job that is counted, its type or false, its group or false. LINE:
-- `<group>\0<type>\0<place in the queue>`, jobs that a claim met while as many of their group ran, or had started, as may.
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
