-- What a gate counted: given back, or kept.

-- Takes back a turn that was not made use of.
local function pass(gate, id)
    local slot = gate.slots[id]
    if slot then
        local kind, group = gate.kinds[slot[1]], gate.groups[slot[2]]
        if kind then
            kind[1] = kind[1] - 1
            local of_key = kind[3] and gate.rates[kind[3]]
            if of_key then
                of_key.count = of_key.count - 1
            end
        end
        if group then
            group[1] = group[1] - 1
            local paced = gate.paced[slot[2]]
            if paced then
                paced.count = paced.count - 1
            end
        end
        gate.slots[id] = nil
    end
end

-- Keeps what was counted, and answers when a rate has room again that has none now, or a line goes on, or what is due before that.
local function close(gate, due)
    local next_room
    for key, of_key in pairs(gate.rates) do
        if of_key then
            if of_key.count > 0 then
                rates.spend(of_key.rate, of_key.count)
                keep_map(RATES, key, of_key.rate)
            end
            local room, next_at = rates.room(of_key.rate)
            if room == 0 and next_at and (not next_room or next_at < next_room) then
                next_room = next_at
            end
        end
    end
    for job_type, kind in pairs(gate.kinds) do
        keep_map(KINDS, job_type, kind)
    end
    for name, group in pairs(gate.groups) do
        local paced = group[4] and gate.paced[name]
        if paced then
            if paced.count > 0 then
                rates.spend(group[4], paced.count)
            end
            local room, next_at = rates.room(group[4])
            if room == 0 and next_at and (paced.waits or call('ZSCORE', lines.openings, name)) then
                call('ZADD', lines.openings, string.format('%d', next_at), name)
            end
        end
        keep_map(GROUPS, name, group)
    end
    local opening = tonumber(call('ZRANGE', lines.openings, 0, 0, 'WITHSCORES')[2])
    next_room = opening and math.min(next_room or opening, opening) or next_room
    for id, slot in pairs(gate.slots) do
        keep_map(SLOTS, id, slot)
    end
    local text = next_room and from_now(next_room - NOW)
    return text and (not due or text < due) and text or due
end
