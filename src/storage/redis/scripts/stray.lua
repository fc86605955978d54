-- Gives back the jobs that a worker runs by the record, and does not hold. ARGV: origin, worker, then two values for each
-- that it holds: job, token. Answers how many there were.
local held, count = {}, 0
for at = 3, #ARGV, 2 do
    held[ARGV[at]] = tonumber(ARGV[at + 1])
end
local ids = call('ZRANGEBYSCORE', PROCESSING, ARGV[2], ARGV[2])
local jobs = read_jobs(ids)
for _, id in ipairs(ids) do
    local job = jobs[id]
    if job and job[STATUS] == 'r' and held[id] ~= job[TOKEN] then
        job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY] = NOW, false, false
        release(id, job)
        changed[id] = job
        count = count + 1
    end
end
commit()
return count
