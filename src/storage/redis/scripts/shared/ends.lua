-- The ends of a run, for the script that settles: ARGV[2] is the most errors kept.
local function complete(id, job, output)
    set_status(id, job, 'c')
    job[COMPLETED_AT], job[WAIT_UNTIL] = NOW, false
    if output then
        call('HSET', OUTPUTS, id, output)
    end
    note(id, 'c')
    ended[#ended + 1] = id
end

local function fail(id, job, reason, retry_in, entry, metadata)
    job[FAILED_AT], job[REASON], job[WAIT_UNTIL] = NOW, reason, false
    job[CRASHES] = job[CRASHES] + (reason == 'lost' and 1 or 0)
    add_error(id, entry, tonumber(ARGV[2]))
    if job[CANCEL_AT] and retry_in ~= '' then
        return stop(id, job)
    end
    set_status(id, job, 'f')
    note(id, 'f', metadata)
    if retry_in == '' then
        ended[#ended + 1] = id
        bury(id, job, metadata)
    else
        job[NEXT_AT] = from_now(tonumber(retry_in))
        place(id, job, job[NEXT_AT])
        wake = true
    end
end

local function wait(id, job, till, key, steps, metadata)
    add_steps(id, steps)
    if job[CANCEL_AT] then
        return stop(id, job)
    end
    set_status(id, job, 'w')
    if key ~= '' and is_over(key) then
        till, key = NOW_TEXT, ''
    end
    job[WAIT_UNTIL], job[WAIT_TOKEN] = till ~= '' and till, key ~= '' and key
    if till ~= '' then
        place(id, job, till)
        wake = true
    end
    if key ~= '' then
        enter(WAITS, '0', key .. '\0' .. id)
    end
    note(id, 'w', metadata)
end
