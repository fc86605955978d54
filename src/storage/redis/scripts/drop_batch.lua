-- Forgets jobs of a large batch that was given up, one step: answers 1 while there may be more.
-- ARGV: origin, its first id, jobs a step.
local batch = call('HGET', BATCHES, ARGV[2])
if not batch then
    return 0
end
local last, deadline, written = string.match(batch, '^(%d+),(%d+),(%d+)$')
local found = call('ZRANGEBYSCORE', PENDING, ARGV[2], last, 'LIMIT', 0, tonumber(ARGV[3]))
local jobs = read_jobs(found)
for _, id in ipairs(found) do
    if jobs[id] then
        purge(id, jobs[id])
    end
end
ended = {}
commit()
write_purge()
if #found == 0 then
    call('HDEL', BATCHES, ARGV[2])
    return 0
end
call('HSET', BATCHES, ARGV[2], string.format('%s,%s,%d', last, deadline, math.max(written - #found, 0)))
return 1
