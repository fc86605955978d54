-- Ends leases. ARGV: origin, most errors kept, then the settlements: job, worker, token, outcome, and for the outcome
-- o: the output; f: reason, retry in microseconds or empty, error, metadata of the event; c and r: nothing more.
-- Answers 1 for each that was applied, now or before.
local MORE = { c = 0, r = 0, o = 1, f = 4 }
local answer, ids, places = {}, {}, {}
local from = 3
while ARGV[from] do
    ids[#ids + 1] = ARGV[from]
    places[#places + 1] = from
    from = from + 4 + MORE[ARGV[from + 3]]
end
local jobs = read_jobs(ids)

local function complete(id, job, output)
    leave(PROCESSING, id)
    enter(COMPLETED, id, id)
    job[STATUS], job[COMPLETED_AT] = 'c', NOW
    if output then
        call('HSET', OUTPUTS, id, output)
    end
    note(id, 'c')
    ended[#ended + 1] = id
end

local function fail(id, job, reason, retry_in, entry, metadata)
    set_status(id, job, 'f')
    job[FAILED_AT], job[REASON] = NOW, reason
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

for at, id in ipairs(ids) do
    local job, place = jobs[id], places[at]
    local is_holder = job and job[WORKER] == tonumber(ARGV[place + 1]) and job[TOKEN] == tonumber(ARGV[place + 2])
    answer[at] = is_holder and 1 or 0
    if is_holder and job[STATUS] == 'r' then
        local outcome = ARGV[place + 3]
        job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY] = NOW, false, false
        if outcome == 'c' then
            complete(id, job)
        elseif outcome == 'o' then
            complete(id, job, ARGV[place + 4])
        elseif outcome == 'f' then
            fail(id, job, unpack(ARGV, place + 4, place + 7))
        else
            release(id, job)
        end
        changed[id] = job
    end
end
commit()
return answer
