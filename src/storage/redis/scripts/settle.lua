-- Ends leases. ARGV: origin, most errors kept, then the settlements: job, worker, token, outcome, and for the outcome
-- o: the output; f: reason, retry in microseconds or empty, error, metadata of the event; w: until when or empty, what
-- for or empty, steps, metadata of the event; x: the reason or empty; c and r: nothing more.
-- Answers 1 for each that was applied, now or before.
local MORE = { c = 0, r = 0, x = 1, o = 1, f = 4, w = 4 }
local answer, ids, places = {}, {}, {}
local from = 3
while ARGV[from] do
    ids[#ids + 1] = ARGV[from]
    places[#places + 1] = from
    from = from + 4 + MORE[ARGV[from + 3]]
end
local jobs = read_jobs(ids)

local function settle(id, job, from_here)
    local outcome = ARGV[from_here + 3]
    job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY] = NOW, false, false
    if outcome == 'c' then
        complete(id, job)
    elseif outcome == 'o' then
        complete(id, job, ARGV[from_here + 4])
    elseif outcome == 'f' then
        fail(id, job, unpack(ARGV, from_here + 4, from_here + 7))
    elseif outcome == 'x' then
        stop(id, job, ARGV[from_here + 4])
    elseif outcome == 'w' then
        wait(id, job, unpack(ARGV, from_here + 4, from_here + 7))
    else
        release(id, job)
    end
    changed[id] = job
end

-- Waits come last, so that what ends in the same call is over for them. Of two ends of one lease the first counts.
local waits, begun = {}, {}
for at, id in ipairs(ids) do
    local job, from_here = jobs[id], places[at]
    local is_holder = job and job[WORKER] == tonumber(ARGV[from_here + 1]) and job[TOKEN] == tonumber(ARGV[from_here + 2])
    answer[at] = is_holder and 1 or 0
    if is_holder and job[STATUS] == 'r' and not begun[id] then
        if ARGV[from_here + 3] == 'w' then
            waits[#waits + 1], begun[id] = at, true
        else
            settle(id, job, from_here)
        end
    end
end
for _, at in ipairs(waits) do
    settle(ids[at], jobs[ids[at]], places[at])
end
commit()
-- One value more tells of jobs that may be claimed by it.
answer[#answer + 1] = resumed > 0 and 1 or nil
return answer
