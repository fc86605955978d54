-- The jobs that an earlier claim leased and that still are. ARGV: origin, worker, token.
-- Answers the time, whether the worker is registered, and the ids.
local answer = { string.format('%.0f', NOW), call('HEXISTS', WORKERS, ARGV[2]) }
local ids = call('ZRANGEBYSCORE', PROCESSING, ARGV[2], ARGV[2])
local jobs = read_jobs(ids)
for _, id in ipairs(ids) do
    if jobs[id] and jobs[id][TOKEN] == tonumber(ARGV[3]) then
        answer[#answer + 1] = id
    end
end
return answer
