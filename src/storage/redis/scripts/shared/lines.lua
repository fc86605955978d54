-- The lines of groups. `openings` has by its time when a group that has jobs in its line, and may start none, has room again by its rate.
-- How many jobs of a type one end lets go on from a line, and how many groups one claim.
local lines = { openings = KEYS[44], HEADS = 1000, GROUPS = 100 }

-- Lets jobs of a group's line go on, of each type at most so many. Answers how many went. Written at once, for the claim that goes on.
function lines.release(name, most)
    local behind, count = '[' .. name .. '\0', 0
    while true do
        local head = call('ZRANGEBYLEX', LINE, behind, '[' .. name .. '\0\255', 'LIMIT', 0, 1)[1]
        if not head then
            return count
        end
        local job_type = string.match(string.sub(head, #name + 2), '^([^%z]*)')
        local prefix, ready = name .. '\0' .. job_type .. '\0', {}
        local heads = call('ZRANGEBYLEX', LINE, '[' .. prefix, '[' .. prefix .. '\255', 'LIMIT', 0, most)
        for _, member in ipairs(heads) do
            ready[#ready + 1] = '0'
            ready[#ready + 1] = string.sub(member, #name + 2)
        end
        many('ZREM', LINE, heads)
        many('ZADD', READY, ready)
        many('ZADD', turns.standing, turns.entries(ready))
        count = count + #heads
        behind = '[' .. name .. '\0' .. job_type .. '\1'
    end
end

-- Lets a whole line go on.
function lines.disband(name)
    wake = lines.release(name, -1) > 0 or wake
    call('ZREM', lines.openings, name)
end

-- Lets as many of a group go on as there is room for. A claim that finds no room puts them back.
function lines.let_go(name, group, opens_at)
    local places = group[2] and math.min(group[2] - group[1], lines.HEADS) or lines.HEADS
    local room, next_at = places, nil
    if group[4] then
        room, next_at = rates.room(group[4])
        room = math.min(room, places)
    end
    -- Where its concurrency keeps it, the end of a run lets it go on; where some went, it is looked at again after a span.
    local opening
    if group[3] == 1 or places <= 0 then
        opening = nil
    elseif room > 0 then
        local moved = lines.release(name, room)
        wake = wake or moved > 0
        opening = moved > 0 and NOW + (group[4] and group[4][2] or 1000000) or nil
    elseif call('ZRANGEBYLEX', LINE, '[' .. name .. '\0', '[' .. name .. '\0\255', 'LIMIT', 0, 1)[1] then
        opening = next_at
    end
    if opens_at and opens_at > NOW and not (group[3] == 1 or places <= 0) then
        return
    elseif opening and (group[4] or opens_at) then
        call('ZADD', lines.openings, string.format('%d', opening), name)
    elseif opens_at then
        call('ZREM', lines.openings, name)
    end
end

-- The same at the end of a run. A line that waits for its rate alone is left to the claim that finds it due.
function lines.admit(name)
    local group, opens_at = group_of(name), tonumber(call('ZSCORE', lines.openings, name))
    if group[3] == 0 and (group[2] or not opens_at) then
        lines.let_go(name, group, opens_at)
        unforeseen = unforeseen or wake
    end
end

-- Lets the lines go on whose rates leave room again; answers whether there are more of them.
function lines.open_due()
    local due = call('ZRANGEBYSCORE', lines.openings, '-inf', string.format('%d', NOW), 'LIMIT', 0, lines.GROUPS + 1)
    for at = 1, math.min(#due, lines.GROUPS) do
        lines.let_go(due[at], group_of(due[at]), NOW)
    end
    return #due > lines.GROUPS
end
