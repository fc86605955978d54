-- Lets jobs of a batch that is not opened yet wait for others. ARGV: origin, first id of the batch, then four values a job: id, what is told of
-- it while it waits, the jobs and the tags that it waits for as MessagePack. Answers which were cancelled at once, because of one that
-- had ended; nothing where the batch was given up.
if call('HEXISTS', BATCHES, ARGV[2]) == 0 then
    return false
end
local ids = {}
for at = 3, #ARGV, 4 do
    ids[#ids + 1] = ARGV[at]
end
local jobs, bad = read_jobs(ids), {}
for at, id in ipairs(ids) do
    local reason, prerequisites, tags = ARGV[4 * at], cmsgpack.unpack(ARGV[4 * at + 1]), cmsgpack.unpack(ARGV[4 * at + 2])
    local extras = read_extras(id)
    -- A call whose answer was lost may come again.
    if jobs[id] and extras.blocked then
        extras.blocked, extras.waits_for = nil, reason
        extras.depends_on_job_ids, extras.depends_on_tags = prerequisites, tags
        call('HSET', EXTRAS, id, cmsgpack.pack(extras))
        for _, prerequisite in ipairs(bind(id, jobs[id], prerequisites, reason)) do
            bad[#bad + 1] = prerequisite
        end
    end
end
for _, prerequisite in ipairs(bad) do
    follow(prerequisite)
end
commit()
return ended
