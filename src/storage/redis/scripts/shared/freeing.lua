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
        lines.admit(name)
    end
end
