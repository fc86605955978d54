-- Claims in which groups take turns. What is kept of a type: the group served last and how many jobs it got of its turn (`used`), how
-- many places there were, the number of the last of them among those of all types (`served`), and behind which priority the job is
-- looked for that has been due for longest.
turns.EVERY, turns.RANKS = 4, 64

-- A reader of the members of a range, by pages that grow, as far as `take` makes something of them.
function turns.reader(key, from, till, page, budget, take)
    local list, at, is_over = {}, 0, false
    return function()
        while true do
            at = at + 1
            if not list[at] then
                if is_over or budget.left <= 0 then
                    return nil
                end
                list, at = call('ZRANGEBYLEX', key, from, till, 'LIMIT', 0, page), 1
                budget.left, is_over, page = budget.left - #list, #list < page, math.min(page * 2, 1000)
                from = list[#list] and '(' .. list[#list]
            end
            local found = list[at] and take(list[at])
            if found then
                return found
            end
        end
    end
end

-- The first of a type, as they are claimed, read so many at a time.
function turns.first(job_type, count, page, budget, take)
    local read, list = turns.reader(READY, '[' .. job_type .. '\0', '(' .. job_type .. '\1', page, budget, take), {}
    while #list < count do
        local member = read()
        if not member then
            break
        end
        list[#list + 1] = member
    end
    return list
end

-- Those of a type that have been due for longest, found among the first of each priority.
function turns.oldest(job_type, turn, count, budget, take)
    local prefix, heads, found = job_type .. '\0', {}, {}
    for number = 1, count > 0 and turns.RANKS or 0 do
        local head = call('ZRANGEBYLEX', READY, '[' .. prefix .. turn.behind, '(' .. job_type .. '\1', 'LIMIT', 0, 1)[1]
        if not head then
            turn.behind = ''
            break
        end
        local rank = string.sub(head, #prefix + 1, #prefix + 10)
        local read = turns.reader(READY, '[' .. prefix .. rank, '(' .. prefix .. rank .. ':', 2, budget, take)
        heads[number], turn.behind = { read = read, member = read() }, rank .. ':'
    end
    while #found < count do
        local best, due
        for _, head in ipairs(heads) do
            local since = head.member and string.sub(head.member, #prefix + 11)
            if since and (not best or since < due) then
                best, due = head, since
            end
        end
        if not best then
            break
        end
        found[#found + 1], best.member = best.member, best.read()
    end
    return found
end

-- A group's jobs, and how many it gets in a turn: by the tier of the first.
function turns.queue(job_type, group, weights, budget, take)
    local prefix = job_type .. '\0' .. group
    local queue = { group = group, weight = 1 }
    local function ready(place)
        local member = job_type .. string.sub(place, #prefix + 1)
        if call('ZSCORE', READY, member) then
            return take(member)
        end
        call('ZREM', turns.standing, place)
    end
    queue.read = turns.reader(turns.standing, '[' .. prefix .. '\0', '(' .. prefix .. '\1', 2, budget, ready)
    queue.head = queue.read()
    if queue.head and next(weights) then
        local tier = read_extras(string.format('%d', string.sub(queue.head, -16))).group_tier
        queue.weight = tier and weights[tier] or 1
    end
    return queue
end
