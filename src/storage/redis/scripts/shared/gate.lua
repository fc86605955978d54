-- What a claim may start: of each type and rate as many as there is room for, of each group as many as may run.
local function open_gate(types)
    local gate = { kinds = {}, rates = {}, groups = {}, slots = {} }
    local settings = call('HGET', SETTINGS, 'groups')
    gate.limits = settings and cmsgpack.unpack(settings)
    gate.is_paused = call('HEXISTS', SETTINGS, 'paused') == 1
    for _, job_type in ipairs(types) do
        local kind = kind_of(job_type)
        if kind then
            gate.kinds[job_type] = kind
            if kind[3] and gate.rates[kind[3]] == nil then
                local rate = read_map(RATES, kind[3])
                gate.rates[kind[3]] = rate and { rate = rate, room = rate_room(rate), count = 0 } or false
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
            if group[3] == 1 or (group[2] and group[1] >= group[2]) then
                call('ZREM', READY, member)
                if turns.are_kept() then
                    call('ZREM', turns.standing, turns.place_of(job_type, name, member))
                end
                call('ZADD', LINE, 0, name .. '\0' .. member)
                return false
            end
            group[1] = group[1] + 1
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
