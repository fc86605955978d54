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
            ready[2 * at - 1], ready[2 * at] = '0', prefix .. priority .. due .. string.sub(member, -16)
        end
        many('ZREM', LATER, found)
        many('ZADD', READY, ready)
    end
    local next = call('ZRANGEBYLEX', LATER, '[' .. prefix, '(' .. job_type .. '\1', 'LIMIT', 0, 1)[1]
    local due = next and string.sub(next, #prefix + 1, #prefix + 18)
    return due, #found == PROMOTED
end

-- The claimable jobs of one type, a page at a time, without those that are hidden: `member` is the first of them, and `key`
-- its place in the queue.
local function queue_of(job_type, page, budget, is_hidden)
    local behind = #job_type + 2
    local list, head, last, is_over = {}, 0, '[' .. job_type .. '\0', false
    local queue = {}
    function queue.move()
        head = head + 1
        while not list[head] and not is_over and budget.left > 0 do
            list, head = call('ZRANGEBYLEX', READY, last, '(' .. job_type .. '\1', 'LIMIT', 0, page), 1
            budget.left = budget.left - #list
            is_over = #list < page
            last = list[#list] and '(' .. list[#list]
            if is_hidden then
                local seen = {}
                for _, member in ipairs(list) do
                    if not is_hidden(string.sub(member, -16)) then
                        seen[#seen + 1] = member
                    end
                end
                list = seen
            end
        end
        queue.member = list[head]
        queue.key = queue.member and string.sub(queue.member, behind)
    end
    queue.move()
    return queue
end

-- The first `limit` claimable jobs of all types, when the next job falls due, and whether any were left.
local function pick_ready(types, limit, most, is_hidden)
    local queues, next_due, more = {}, nil, false
    local page = math.ceil(limit / #types) + (#types > 1 and 10 or 1)
    local budget = { left = math.max(most, limit + page * #types) }
    for at, job_type in ipairs(types) do
        local due, is_left = promote(job_type)
        more = more or is_left
        if due and (not next_due or due < next_due) then
            next_due = due
        end
        queues[at] = queue_of(job_type, page, budget, is_hidden)
    end
    local picked = {}
    while true do
        local best
        for at = 1, #queues do
            local queue = queues[at]
            if queue.key and (not best or queue.key < best.key) then
                best = queue
            end
        end
        if not best then
            return picked, next_due, more or budget.left <= 0
        elseif #picked >= limit then
            return picked, next_due, true
        end
        picked[#picked + 1] = best.member
        best.move()
    end
end
