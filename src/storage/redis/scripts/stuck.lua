-- Takes running jobs whose worker has been silent for long, one step by growing id.
-- ARGV: origin, silence in microseconds, after, limit, most crashes, most errors. Answers how many, the last id, and
-- which of them ended.
local silence, limit = tonumber(ARGV[2]), tonumber(ARGV[4])
local ids, is_last = walk({ { PROCESSING } }, true, tonumber(ARGV[3]), limit)
local jobs, taken, over = read_jobs(ids), {}, {}
for _, id in ipairs(ids) do
    local job = jobs[id]
    local kept = job and call('HGET', WORKERS, string.format('%d', job[WORKER]))
    local worker = kept and cmsgpack.unpack(kept)
    local is_dead = not worker or worker[3] <= NOW
    local seen = worker and worker[2] or job and job[LOCKED_AT]
    if job and is_dead and seen <= NOW - math.max(silence, math.abs(job[TIMEOUT_MS] or 0) * 1000) then
        taken[#taken + 1] = id
    end
end
for _, id in ipairs(taken) do
    local worker = string.format('%d', jobs[id][WORKER])
    call('HDEL', WORKERS, worker)
    call('ZREM', EXPIRY, worker)
    call('SADD', ORPHANS, worker)
    if take(id, jobs[id], tonumber(ARGV[5]), tonumber(ARGV[6])) then
        over[#over + 1] = id
    end
end
commit()
return { #taken, is_last and '' or ids[#ids], over }
