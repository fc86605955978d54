-- Lets a job wait that is not in the queue: for what has not completed, or, where it is put back, for what has not ended. Answers
-- those that ended otherwise.
local function bind(id, job, ids, reason, again)
    local edges, bad, over = {}, {}, {}
    for _, number in ipairs(ids) do
        local prerequisite = string.format('%d', number)
        local ending = ending_of(prerequisite)
        if not ending or (ending ~= 'c' and not again) then
            edges[#edges + 1] = '0'
            edges[#edges + 1] = 'job:' .. prerequisite .. '\0' .. id
            bad[#bad + 1] = ending and prerequisite or nil
        else
            over[#over + 1] = 'job:' .. prerequisite .. '\0' .. id
        end
    end
    job[WHY_PENDING] = reason
    changed[id] = job
    many('ZREM', WAITS, over)
    many('ZADD', WAITS, edges)
    call('HSET', BLOCKED, id, string.format('%d', #edges / 2))
    if #edges == 0 then
        look_for_tags(id, job)
    end
    return bad
end
