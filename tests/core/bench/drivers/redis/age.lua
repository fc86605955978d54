-- Moves what is recorded of jobs into the past. ARGV: origin, microseconds, jobs.
local span = tonumber(ARGV[2])

local function moved(history)
    local parts, from = {}, 1
    while from <= #history do
        local _, to, head, time, length = string.find(history, '^(%a%d+),(%d+),(%d+),', from)
        parts[#parts + 1] = string.format('%s,%.0f,%s,', head, time - span, length)
        parts[#parts + 1] = string.sub(history, to + 1, to + length)
        from = to + length + 1
    end
    return table.concat(parts)
end

for at = 3, #ARGV do
    local id = ARGV[at]
    local job = cmsgpack.unpack(call('HGET', JOBS, id))
    for _, field in ipairs({ CREATED_AT, UPDATED_AT, LOCKED_AT, STARTED_AT, COMPLETED_AT, FAILED_AT }) do
        job[field] = job[field] and job[field] - span
    end
    job[HISTORY] = moved(job[HISTORY])
    call('HSET', JOBS, id, cmsgpack.pack(job))
    local older = call('HGET', EVENTS, id)
    if older then
        call('HSET', EVENTS, id, moved(older))
    end
end
