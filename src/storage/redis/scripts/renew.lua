-- Renews all leases of a worker. ARGV: origin, worker, lease in microseconds. Answers 0 if it is not registered; otherwise 1, whether it is
-- to drain, and two values, the id and the token, for each of its jobs that somebody asked to cancel.
local kept = call('HGET', WORKERS, ARGV[2])
if not kept then
    return { 0 }
end
local entry = cmsgpack.unpack(kept)
entry[2], entry[3] = NOW, NOW + ARGV[3]
local answer, still = { 1, entry[6] and 1 or 0 }, {}
local asked = entry[5] or {}
local jobs = read_jobs(asked)
for _, id in ipairs(asked) do
    local job = jobs[id]
    if job and job[STATUS] == 'r' and job[CANCEL_AT] and job[WORKER] == tonumber(ARGV[2]) then
        still[#still + 1] = id
        answer[#answer + 1] = tonumber(id)
        answer[#answer + 1] = job[TOKEN]
    end
end
entry[5] = #still > 0 and still or false
call('HSET', WORKERS, ARGV[2], cmsgpack.pack(entry))
call('ZADD', EXPIRY, string.format('%d', NOW + ARGV[3]), ARGV[2])
return answer
