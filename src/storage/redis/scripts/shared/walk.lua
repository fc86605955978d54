-- A walk over jobs by id along several indexes at once. An arm is a sorted set by id (`{ key }`), the jobs that run
-- (`{ PROCESSING }`), the part of a lexical set that begins with a name (`{ key, name }`), or numbers that grow (`{ ids = numbers }`).
local function arm_ids(arm, upwards, cursor, count)
    local key, name = arm[1], arm[2]
    if key == PROCESSING or arm.ids then
        -- Ordered by worker. As many as the fleet runs at once: they are sorted here.
        local ids = {}
        for _, id in ipairs(arm.ids or call('ZRANGE', key, 0, -1)) do
            local number = tonumber(id)
            if not cursor or (upwards and number > cursor) or (not upwards and number < cursor) then
                ids[#ids + 1] = number
            end
        end
        table.sort(ids, upwards and function(a, b) return a < b end or function(a, b) return a > b end)
        return ids
    end
    local found
    if name then
        local least, most = '[' .. name .. '\0', '(' .. name .. '\1'
        if upwards then
            least = cursor and '(' .. name .. '\0' .. wide(cursor) or least
            found = call('ZRANGEBYLEX', key, least, most, 'LIMIT', 0, count)
        else
            most = cursor and '(' .. name .. '\0' .. wide(cursor) or most
            found = call('ZREVRANGEBYLEX', key, most, least, 'LIMIT', 0, count)
        end
    elseif upwards then
        found = call('ZRANGEBYSCORE', key, cursor and '(' .. cursor or '-inf', '+inf', 'LIMIT', 0, count)
    else
        found = call('ZREVRANGEBYSCORE', key, cursor and '(' .. cursor or '+inf', '-inf', 'LIMIT', 0, count)
    end
    for at, member in ipairs(found) do
        found[at] = tonumber(string.sub(member, -16))
    end
    return found
end

-- The next `count` ids of all arms, each once, as text; and whether the arms ended before.
local function walk(arms, upwards, cursor, count)
    local lists, heads, ids = {}, {}, {}
    for at, arm in ipairs(arms) do
        lists[at], heads[at] = arm_ids(arm, upwards, cursor, count), 1
    end
    while #ids < count do
        local best
        for at, list in ipairs(lists) do
            local id = list[heads[at]]
            if id and (not best or (upwards and id < best) or (not upwards and id > best)) then
                best = id
            end
        end
        if not best then
            break
        end
        for at, list in ipairs(lists) do
            if list[heads[at]] == best then
                heads[at] = heads[at] + 1
            end
        end
        ids[#ids + 1] = string.format('%d', best)
    end
    return ids, #ids < count
end
