-- Records reports about running jobs. ARGV: origin, then seven a job: job, worker, token, progress, output, metadata of the
-- event of a prolonging, steps as a MessagePack map; empty where there is none. Answers 1 for each that was recorded.
local WIDTH = 7
local answer, ids = {}, {}
for at = 2, #ARGV, WIDTH do
    ids[#ids + 1] = ARGV[at]
end
local jobs = read_jobs(ids)
for at, id in ipairs(ids) do
    local _, worker, token, progress, output, prolonged, steps = unpack(ARGV, 2 + (at - 1) * WIDTH, 1 + at * WIDTH)
    local job = jobs[id]
    local is_holder = job and job[STATUS] == 'r' and job[WORKER] == tonumber(worker) and job[TOKEN] == tonumber(token)
    answer[at] = is_holder and 1 or 0
    if is_holder then
        job[UPDATED_AT] = NOW
        if progress ~= '' then
            job[PROGRESS] = tonumber(progress)
        end
        if output ~= '' then
            call('HSET', OUTPUTS, id, output)
        end
        if steps ~= '' then
            add_steps(id, steps)
        end
        if prolonged ~= '' then
            job[LOCKED_AT] = NOW
            note(id, 'l', prolonged)
        end
        changed[id] = job
    end
end
commit()
return answer
