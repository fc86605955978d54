-- Ends leases. ARGV: origin, most errors kept, then the settlements: job, worker, token, outcome, and for the outcome
-- o: the output; f: reason, retry in microseconds or empty, error, metadata of the event; w: until when or empty, what
-- for or empty, steps, metadata of the event; c and r: nothing more.
-- Answers 1 for each that was applied, now or before.
local MORE = { c = 0, r = 0, o = 1, f = 4, w = 4 }
local answer, ids, places = {}, {}, {}
local from = 3
while ARGV[from] do
    ids[#ids + 1] = ARGV[from]
    places[#places + 1] = from
    from = from + 4 + MORE[ARGV[from + 3]]
end
local jobs = read_jobs(ids)

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
    set_status(id, job, 'f')
    job[FAILED_AT], job[REASON], job[WAIT_UNTIL] = NOW, reason, false
    add_error(id, entry, tonumber(ARGV[2]))
    note(id, 'f', metadata)
    if retry_in == '' then
        ended[#ended + 1] = id
    else
        job[NEXT_AT] = from_now(tonumber(retry_in))
        place(id, job, job[NEXT_AT])
        wake = true
    end
end

local function wait(id, job, till, key, steps, metadata)
    set_status(id, job, 'w')
    if key ~= '' and is_over(key) then
        till, key = NOW_TEXT, ''
    end
    job[WAIT_UNTIL], job[WAIT_TOKEN] = till ~= '' and till, key ~= '' and key
    add_steps(id, steps)
    if till ~= '' then
        place(id, job, till)
        wake = true
    end
    if key ~= '' then
        -- At once, so that the end of a job in this same call finds it.
        call('ZADD', WAITS, 0, key .. '\0' .. id)
    end
    note(id, 'w', metadata)
end

for at, id in ipairs(ids) do
    local job, from_here = jobs[id], places[at]
    local is_holder = job and job[WORKER] == tonumber(ARGV[from_here + 1]) and job[TOKEN] == tonumber(ARGV[from_here + 2])
    answer[at] = is_holder and 1 or 0
    if is_holder and job[STATUS] == 'r' then
        local outcome = ARGV[from_here + 3]
        job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY] = NOW, false, false
        if outcome == 'c' then
            complete(id, job)
        elseif outcome == 'o' then
            complete(id, job, ARGV[from_here + 4])
        elseif outcome == 'f' then
            fail(id, job, unpack(ARGV, from_here + 4, from_here + 7))
        elseif outcome == 'w' then
            wait(id, job, unpack(ARGV, from_here + 4, from_here + 7))
        else
            release(id, job)
        end
        changed[id] = job
    end
end
commit()
return answer
