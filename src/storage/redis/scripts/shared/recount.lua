-- Counts anew what runs.
local function recount()
    call('DEL', SLOTS)
    local kinds, groups = call('HGETALL', KINDS), call('HGETALL', GROUPS)
    local of_types, of_groups = {}, {}
    for at = 1, #kinds, 2 do
        of_types[kinds[at]] = cmsgpack.unpack(kinds[at + 1])
        of_types[kinds[at]][1] = 0
    end
    for at = 1, #groups, 2 do
        of_groups[groups[at]] = cmsgpack.unpack(groups[at + 1])
        of_groups[groups[at]][1] = 0
    end
    local counts_groups = (call('HEXISTS', SETTINGS, 'groups') + call('HEXISTS', SETTINGS, 'group_rates')) > 0
    local ids = is_limited() and call('ZRANGE', PROCESSING, 0, -1) or {}
    local jobs, extras = read_jobs(ids), counts_groups and fetch(EXTRAS, ids) or {}
    for at, id in ipairs(ids) do
        local job = jobs[id]
        local kind = job and of_types[job[TYPE]]
        local name = job and extras[at] and cmsgpack.unpack(extras[at]).group_id
        if kind then
            kind[1] = kind[1] + 1
        end
        if name then
            of_groups[name] = of_groups[name] or { 0, false, 0 }
            of_groups[name][1] = of_groups[name][1] + 1
        end
        if kind or name then
            keep_map(SLOTS, id, { kind and job[TYPE] or false, name or false })
        end
    end
    for job_type, kind in pairs(of_types) do
        keep_map(KINDS, job_type, kind)
    end
    for name, group in pairs(of_groups) do
        local is_spent = group[4] and select(2, rates.room(group[4]))
        if group[1] == 0 and group[3] == 0 and not is_spent then
            call('HDEL', GROUPS, name)
        else
            keep_map(GROUPS, name, group)
        end
    end
end

-- Notes whether there is anything that claims have to look at.
local function note_limits()
    if call('HLEN', KINDS) > 0 then
        call('HSET', SETTINGS, 'types', '1')
    else
        call('HDEL', SETTINGS, 'types')
    end
end

-- The next group with a line behind one.
local function next_line(behind)
    local head = call('ZRANGEBYLEX', LINE, behind == '' and '-' or '[' .. behind .. '\1', '+', 'LIMIT', 0, 1)[1]
    return head and string.match(head, '^([^%z]*)')
end
