-- The store's clock: one moment for the whole of a script.
local time = call('TIME')
local NOW = time[1] * 1000000 + time[2]

-- A time as eighteen digits, counted from before any time that may be stored: sorts as text, exact beyond 2^53.
local function sortable(seconds, micros)
    return string.format('%012d%06d', seconds + 100000000000, micros)
end

local NOW_TEXT = sortable(time[1], time[2])

-- The sortable time so many microseconds from now.
local function from_now(span)
    local at = NOW + span
    local seconds = math.floor(at / 1000000)
    return sortable(seconds, at - seconds * 1000000)
end
