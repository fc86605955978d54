-- Records reports about running jobs. ARGV: origin, then five a report: job, worker, token, kind, value.
-- Kinds: p progress, o output, l prolonged, whose value is the event's metadata. Answers 1 for each that was recorded.
local answer, ids = {}, {}
for at = 2, #ARGV, 5 do
    ids[#ids + 1] = ARGV[at]
end
local jobs = read_jobs(ids)
for at, id in ipairs(ids) do
    local from = 1 + (at - 1) * 5
    local job, kind, value = jobs[id], ARGV[from + 4], ARGV[from + 5]
    local is_holder = job and job[STATUS] == 'r' and job[WORKER] == tonumber(ARGV[from + 2])
        and job[TOKEN] == tonumber(ARGV[from + 3])
    answer[at] = is_holder and 1 or 0
    if is_holder then
        job[UPDATED_AT] = NOW
        if kind == 'p' then
            job[PROGRESS] = tonumber(value)
        elseif kind == 'o' then
            call('HSET', OUTPUTS, id, value)
        else
            job[LOCKED_AT] = NOW
            note(id, 'l', value)
        end
        changed[id] = cmsgpack.pack(job)
    end
end
commit()
return answer
