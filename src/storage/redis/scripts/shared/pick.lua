-- How many due jobs of a type one claim makes claimable at most.
local PROMOTED = 1000

-- Makes due jobs of a type claimable. Answers when the next one falls due, and whether due ones were left.
local function promote(job_type)
    local prefix = job_type .. '\0'
    local found = call('ZRANGEBYLEX', LATER, '[' .. prefix, '(' .. prefix .. NOW_TEXT .. ':', 'LIMIT', 0, PROMOTED)
    if #found > 0 then
        local ready, from = {}, #prefix
        for at, member in ipairs(found) do
            local due, priority = string.sub(member, from + 1, from + 18), string.sub(member, from + 19, from + 28)
            ready[2 * at - 1], ready[2 * at] = 0, prefix .. priority .. due .. string.sub(member, -16)
        end
        many('ZREM', LATER, found)
        many('ZADD', READY, ready)
    end
    local next = call('ZRANGEBYLEX', LATER, '[' .. prefix, '(' .. job_type .. '\1', 'LIMIT', 0, 1)[1]
    local due = next and string.sub(next, #prefix + 1, #prefix + 18)
    return due, #found == PROMOTED
end

-- The claimable jobs of one type, a page at a time, without those that are hidden.
local function queue_of(job_type, page, is_hidden)
    local prefix = job_type .. '\0'
    local queue = { prefix = prefix, list = {}, head = 1, last = '[' .. prefix, ended = false }
    function queue.peek(budget)
        while not queue.list[queue.head] and not queue.ended and budget.left > 0 do
            local found = call('ZRANGEBYLEX', READY, queue.last, '(' .. job_type .. '\1', 'LIMIT', 0, page)
            budget.left = budget.left - #found
            queue.ended = #found < page
            queue.last = found[#found] and '(' .. found[#found]
            queue.list, queue.head = {}, 1
            for _, member in ipairs(found) do
                if not (is_hidden and is_hidden(string.sub(member, -16))) then
                    queue.list[#queue.list + 1] = member
                end
            end
        end
        return queue.list[queue.head]
    end
    return queue
end

-- The first `limit` claimable jobs of all types, when the next job falls due, and whether any were left.
local function pick_ready(types, limit, most, is_hidden)
    local queues, next_due, more = {}, nil, false
    local page = math.ceil(limit / #types) + (#types > 1 and 10 or 1)
    for at, job_type in ipairs(types) do
        local due, is_left = promote(job_type)
        more = more or is_left
        if due and (not next_due or due < next_due) then
            next_due = due
        end
        queues[at] = queue_of(job_type, page, is_hidden)
    end
    local picked, budget = {}, { left = math.max(most, limit + page * #types) }
    while true do
        local best, best_key
        for _, queue in ipairs(queues) do
            local member = queue.peek(budget)
            local key = member and string.sub(member, #queue.prefix + 1)
            if key and (not best_key or key < best_key) then
                best, best_key = queue, key
            end
        end
        if not best then
            return picked, next_due, more or budget.left <= 0
        elseif #picked >= limit then
            return picked, next_due, true
        end
        picked[#picked + 1] = best.list[best.head]
        best.head = best.head + 1
    end
end
