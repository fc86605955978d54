-- What becomes of the jobs that wait for others when these end.

-- Queues a job that waits for no job any more, unless there is one that has the tags it waits for.
local function look_for_tags(id, job)
    changed[id] = job
    local tags = read_extras(id).depends_on_tags
    local witness = tags and #tags > 0 and find_witness(id, tags)
    if witness then
        call('HSET', BLOCKED, id, 't' .. witness)
        enter(WAITS, '0', 'job:' .. witness .. '\0' .. id)
        return
    end
    call('HDEL', BLOCKED, id)
    job[WHY_PENDING], job[UPDATED_AT] = false, NOW
    place(id, job, job[RUN_AT])
    resumed, wake = resumed + 1, true
end

local function cancel_blocked(id, job, prerequisite, ending)
    local reason = 'job ' .. prerequisite .. ', which it waited for, ' .. (ending == 'f' and 'failed' or 'was cancelled')
    unbind(id)
    set_status(id, job, 'x')
    job[CANCELLED_AT], job[UPDATED_AT], job[WHY_PENDING] = NOW, NOW, false
    keep_extra(id, 'reason', reason)
    note(id, 'x', '{"reason":' .. cjson.encode(reason) .. '}')
    changed[id] = job
    ended[#ended + 1] = id
end

-- Releases or cancels the jobs that wait for this one, as far as it is over.
local function follow(id)
    local key, ending = 'job:' .. id, ending_of(id)
    local from = '[' .. key .. '\0'
    while budget > 0 do
        local found = call('ZRANGEBYLEX', WAITS, from, '[' .. key .. '\0\255', 'LIMIT', 0, 500)
        local ids = {}
        for at, member in ipairs(found) do
            ids[at] = string.sub(member, #key + 2)
        end
        local kept, jobs = fetch(BLOCKED, ids), read_jobs(ids)
        for at, waiter in ipairs(ids) do
            local job, open = changed[waiter] or jobs[waiter], kept[at]
            if job and open and job[STATUS] == 'p' then
                budget = budget - 1
                if string.sub(open, 1, 1) == 't' then
                    leave(WAITS, found[at])
                    look_for_tags(waiter, job)
                elseif ending == 'c' then
                    leave(WAITS, found[at])
                    if call('HINCRBY', BLOCKED, waiter, -1) <= 0 then
                        look_for_tags(waiter, job)
                    end
                elseif ending then
                    cancel_blocked(waiter, job, id, ending)
                end
            end
        end
        if #found < 500 then
            return
        end
        from = '(' .. found[#found]
    end
end

-- Lets those go on that wait for the end of one of those that ended, handlers and jobs.
local function resume_after_ends()
    if #call('ZRANGEBYLEX', WAITS, '[job:', '(job;', 'LIMIT', 0, 1) > 0 then
        local at = 1
        -- Those that are cancelled by it are among them then.
        while ended[at] do
            follow(ended[at])
            resume('job:' .. ended[at])
            at = at + 1
        end
    end
end
