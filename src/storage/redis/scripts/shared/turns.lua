-- Where groups take turns: `of_type` has of each type a MessagePack map, see fair.lua, and `standing` the ready jobs that have a
-- group, as `<type>\0<group>\0<place in the queue>`. They are kept once a processor asked for it: then SETTINGS tells by `turns` how far
-- what was there before has been looked at, in the words of a range, and by an empty text that all of it was.
local turns = { of_type = KEYS[42], standing = KEYS[43] }

function turns.setting_count()
    turns.settings = turns.settings or call('HLEN', SETTINGS)
    return turns.settings
end

function turns.are_kept()
    if turns.kept == nil then
        turns.kept = turns.setting_count() > 0 and call('HEXISTS', SETTINGS, 'turns') == 1
    end
    return turns.kept
end

-- Whether there are limits or pauses.
local function is_limited()
    return turns.setting_count() > (turns.are_kept() and 1 or 0)
end

-- Where a job stands in turn that is ready.
function turns.place_of(job_type, group, member)
    return job_type .. '\0' .. group .. string.sub(member, #job_type + 1)
end

-- Where those of these ready jobs stand that have a group; each is the last of so many values.
function turns.places(members, width)
    local ids, places = {}, {}
    for at = width, #members, width do
        ids[#ids + 1] = string.format('%d', string.sub(members[at], -16))
    end
    for at, packed in ipairs(fetch(EXTRAS, ids)) do
        local group = packed and cmsgpack.unpack(packed).group_id
        if group then
            local member = members[at * width]
            places[#places + 1] = turns.place_of(string.match(member, '^([^%z]*)'), group, member)
        end
    end
    return places
end

-- What enters `standing` with values and members that enter READY.
function turns.entries(ready)
    local entries = {}
    for _, place in ipairs(turns.are_kept() and turns.places(ready, 2) or {}) do
        entries[#entries + 1] = '0'
        entries[#entries + 1] = place
    end
    return entries
end
