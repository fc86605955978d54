-- What a claim may start: of each type and rate as many as there is room for, of each group as many as may run.
local function open_gate(types)
    local gate = { kinds = {}, rates = {}, groups = {}, paced = {}, slots = {}, lines_left = lines.open_due() }
    local settings = call('HMGET', SETTINGS, 'groups', 'group_rates', 'paused')
    local paces = settings[2] and cmsgpack.unpack(settings[2]) or { tiers = {} }
    gate.limits = settings[1] and cmsgpack.unpack(settings[1]) or settings[2] and { tiers = {} }
    gate.is_paused = settings[3] and true or false
    for _, job_type in ipairs(types) do
        local kind = kind_of(job_type)
        if kind then
            gate.kinds[job_type] = kind
            if kind[3] and gate.rates[kind[3]] == nil then
                local rate = read_map(RATES, kind[3])
                gate.rates[kind[3]] = rate and { rate = rate, room = rates.room(rate), count = 0 } or false
            end
        end
    end

    -- Whether a job of this type may start, as far as its group is not asked.
    function gate.has_room(job_type)
        local kind = gate.kinds[job_type]
        if gate.is_paused or (kind and kind[4] == 1) or (kind and kind[2] and kind[1] >= kind[2]) then
            return false
        end
        local of_key = kind and kind[3] and gate.rates[kind[3]]
        return not of_key or of_key.count < of_key.room
    end

    -- What there is of a group's rate, where it has one.
    function gate.pace(name, group, pace)
        if not pace then
            group[4] = nil
            return nil
        end
        group[4] = group[4] or { 0, 0, false, {} }
        group[4][1], group[4][2] = pace[1], pace[2]
        if not gate.paced[name] then
            -- What was counted by parts of a longer span, before the rate was changed, is over after two of this one.
            for at = 1, #group[4][4], 2 do
                group[4][4][at] = math.min(group[4][4][at], NOW + pace[2])
            end
            gate.paced[name] = { room = rates.room(group[4]), count = 0 }
        end
        return gate.paced[name]
    end

    -- Counts a job that is its turn; false where its group has no room, and then it is put in line.
    function gate.turn(job_type, id, member)
        local extras = gate.limits and call('HGET', EXTRAS, id)
        extras = extras and cmsgpack.unpack(extras)
        local name = extras and extras.group_id
        if name then
            local group = gate.groups[name] or group_of(name)
            gate.groups[name] = group
            local tiers = gate.limits.tiers
            group[2] = tiers and extras.group_tier and tiers[extras.group_tier] or gate.limits.most or false
            local pace = extras.group_tier and paces.tiers[extras.group_tier] or paces.others
            local paced = gate.pace(name, group, pace)
            if group[3] == 1 or (group[2] and group[1] >= group[2]) or (paced and paced.count >= paced.room) then
                call('ZREM', READY, member)
                if turns.are_kept() then
                    call('ZREM', turns.standing, turns.place_of(job_type, name, member))
                end
                call('ZADD', LINE, 0, name .. '\0' .. member)
                if paced then
                    paced.waits = true
                end
                return false
            end
            group[1] = group[1] + 1
            if paced then
                paced.count = paced.count + 1
            end
        end
        local kind = gate.kinds[job_type]
        if kind then
            kind[1] = kind[1] + 1
            local of_key = kind[3] and gate.rates[kind[3]]
            if of_key then
                of_key.count = of_key.count + 1
            end
        end
        if kind or name then
            gate.slots[id] = { kind and job_type or false, name or false }
        end
        return true
    end
    return gate
end
