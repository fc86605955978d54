-- How many jobs of a key may start within a span of time; see flow.lua for how it is kept. What starts is counted by parts of the span.
local rates = { PARTS = 64 }

-- How many may start of a rate, and when there is room again where there is none.
function rates.room(rate)
    if rate[3] and rate[3] > NOW then
        return 0, rate[3]
    end
    local used, oldest = 0, nil
    for at = 1, #rate[4], 2 do
        if rate[4][at] > NOW - rate[2] then
            used = used + rate[4][at + 1]
            oldest = math.min(oldest or rate[4][at], rate[4][at])
        end
    end
    return math.max(rate[1] - used, 0), oldest and oldest + rate[2]
end

-- Counts what starts by parts of the span, as if it had started at the end of its part.
function rates.spend(rate, count)
    local part = math.max(math.floor(rate[2] / rates.PARTS), 1)
    local ends, spent, found = (math.floor(NOW / part) + 1) * part, {}, false
    for at = 1, #rate[4], 2 do
        if rate[4][at] > NOW - rate[2] then
            local more = rate[4][at] == ends and count or 0
            found = found or more > 0
            spent[#spent + 1] = rate[4][at]
            spent[#spent + 1] = rate[4][at + 1] + more
        end
    end
    if not found then
        spent[#spent + 1] = ends
        spent[#spent + 1] = count
    end
    rate[4] = spent
end
