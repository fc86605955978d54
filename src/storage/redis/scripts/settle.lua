-- Ends leases. ARGV: origin, most errors kept, then eight a settlement: job, worker, token, outcome (c, f or r), and
-- c: whether there is an output, the output; f: reason, retry in microseconds or empty, error, metadata of the event.
-- Answers 1 for each that was applied, now or before.
local WIDTH = 8
local answer, ids = {}, {}
for at = 3, #ARGV, WIDTH do
    ids[#ids + 1] = ARGV[at]
end
local jobs = read_jobs(ids)

local function complete(id, job, has_output, output)
    set_status(id, job, 'c')
    job[COMPLETED_AT] = NOW
    if has_output == '1' then
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
    local from = 2 + (at - 1) * WIDTH
    local job, outcome = jobs[id], ARGV[from + 4]
    local is_holder = job and job[WORKER] == tonumber(ARGV[from + 2]) and job[TOKEN] == tonumber(ARGV[from + 3])
    answer[at] = is_holder and 1 or 0
    if is_holder and job[STATUS] == 'r' then
        job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY] = NOW, false, false
        if outcome == 'c' then
            complete(id, job, ARGV[from + 5], ARGV[from + 6])
        elseif outcome == 'f' then
            fail(id, job, unpack(ARGV, from + 5, from + 8))
        else
            release(id, job)
        end
        changed[id] = cmsgpack.pack(job)
    end
end
commit()
return answer
