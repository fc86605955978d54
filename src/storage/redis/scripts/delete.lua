-- Deletes jobs that have ended. Where others wait for one of them still, these are cancelled or released first, and nothing is deleted.
-- ARGV: origin, ids. Answers whether that was so, and which were deleted.
local ids = { unpack(ARGV, 2) }
local jobs, over = read_jobs(ids), {}
local function is_awaited(id)
    local key, waiters = 'job:' .. id, {}
    for at, member in ipairs(call('ZRANGEBYLEX', WAITS, '[' .. key .. '\0', '[' .. key .. '\0\255', 'LIMIT', 0, 1000)) do
        waiters[at] = string.sub(member, #key + 2)
    end
    for _, open in ipairs(fetch(BLOCKED, waiters)) do
        if open and string.sub(open, 1, 1) ~= 't' then
            return true
        end
    end
    return false
end
local has_waits = call('ZCARD', WAITS) > 0
for _, id in ipairs(ids) do
    local job = jobs[id]
    if job and (job[STATUS] == 'c' or job[STATUS] == 'x' or (job[STATUS] == 'f' and not job[NEXT_AT])) then
        over[#over + 1] = id
        ended[#ended + 1] = has_waits and is_awaited(id) and id or nil
    end
end
if #ended > 0 then
    commit()
    return { 1, {} }
end
for _, id in ipairs(over) do
    purge(id, jobs[id])
end
commit()
write_purge()
return { 0, purged }
