-- Makes due jobs of these types claimable, of each at most so many in one claim. Answers when the next one falls due, and whether due
-- ones were left.
local function promote_all(types)
    local most, next_due, is_left = 1000, nil, false
    for _, job_type in ipairs(types) do
        local prefix = job_type .. '\0'
        local found = call('ZRANGEBYLEX', LATER, '[' .. prefix, '(' .. prefix .. NOW_TEXT .. ':', 'LIMIT', 0, most)
        if #found > 0 then
            local ready, from = {}, #prefix
            for at, member in ipairs(found) do
                local due, priority = string.sub(member, from + 1, from + 18), string.sub(member, from + 19, from + 28)
                ready[2 * at - 1], ready[2 * at] = '0', prefix .. priority .. due .. string.sub(member, -16)
            end
            many('ZREM', LATER, found)
            many('ZADD', READY, ready)
            many('ZADD', turns.standing, turns.entries(ready))
        end
        local next = call('ZRANGEBYLEX', LATER, '[' .. prefix, '(' .. job_type .. '\1', 'LIMIT', 0, 1)[1]
        local due = next and string.sub(next, #prefix + 1, #prefix + 18)
        if due and (not next_due or due < next_due) then
            next_due = due
        end
        is_left = is_left or #found == most
    end
    return next_due, is_left
end
