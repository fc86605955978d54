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

-- The first `limit` claimable jobs of all types, when the next job falls due, and whether any were left. Where there is a gate, it says
-- which types have room, and puts jobs into line whose group has none.
local function pick_ready(types, limit, most, is_hidden, gate)
    local queues, next_due, more = {}, promote_all(types)
    local page = math.ceil(limit / #types) + (#types > 1 and 10 or 1)
    local budget = { left = math.max(most, limit + page * #types) }
    for at, job_type in ipairs(types) do
        queues[at] = queue_of(job_type, page, budget, is_hidden)
    end
    local picked = {}
    while true do
        local best
        for at = 1, #queues do
            local queue = queues[at]
            if gate and queue.key and not gate.has_room(types[at]) then
                queue.key = nil
            end
            if queue.key and (not best or queue.key < best.key) then
                best = queue
            end
        end
        if not best then
            return picked, next_due, more or budget.left <= 0
        elseif #picked >= limit then
            return picked, next_due, true
        end
        local id = gate and string.format('%d', string.sub(best.member, -16))
        if not gate or gate.turn(string.match(best.member, '^([^%z]*)'), id, best.member) then
            picked[#picked + 1] = best.member
        end
        best.move()
    end
end
