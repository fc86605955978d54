-- Looks after jobs whose terms may be over: cancels those that expired, deletes those that were kept for long enough, and puts the others
-- off. ARGV: origin, limit, why a job that expired is cancelled. Answers those that expired, how many were deleted,
-- and how many were looked at.
local ids = call('ZRANGEBYSCORE', TERMS, '-inf', string.format('%d', NOW), 'LIMIT', 0, tonumber(ARGV[2]))
local jobs, packed, expired, deleted = read_jobs(ids), fetch(EXTRAS, ids), {}, 0

-- When a job ended, if it has.
local function end_of(job)
    return job[STATUS] == 'c' and job[COMPLETED_AT] or job[STATUS] == 'x' and job[CANCELLED_AT]
        or job[STATUS] == 'f' and not job[NEXT_AT] and job[FAILED_AT]
end

for at, id in ipairs(ids) do
    local job, extras = jobs[id], packed[at] and cmsgpack.unpack(packed[at]) or {}
    local next_at, is_gone = nil, not job
    if job and is_late(job, packed[at]) then
        unbind(id)
        displace(id, job)
        set_status(id, job, 'x')
        job[CANCELLED_AT], job[UPDATED_AT], job[WHY_PENDING] = NOW, NOW, false
        keep_extra(id, 'reason', ARGV[3])
        changed[id] = job
        note(id, 'x', '{"reason":' .. cjson.encode(ARGV[3]) .. '}')
        ended[#ended + 1] = id
        expired[#expired + 1] = id
    end
    if job and extras.keep_result_for then
        local ended_at = end_of(job)
        next_at = (ended_at or NOW) + extras.keep_result_for * 1000000
        if ended_at and next_at <= NOW then
            purge(id, job)
            deleted, is_gone = deleted + 1, true
        end
    end
    if job and job[STATUS] == 'p' and job[ATTEMPTS] == 0 then
        next_at = earlier(next_at, extras.expires_at)
    end
    leave(TERMS, id)
    if next_at and not is_gone then
        enter(TERMS, string.format('%d', next_at), id)
    end
end
commit()
write_purge()
return { expired, deleted, #ids }
