-- Marks tokens whose time is up, and resumes jobs that wait for what is over, of a few drawn by chance: such a job is left over only
-- where very many waited for the same. ARGV: origin, limit. Answers how many tokens it marked.
local late = call('ZRANGEBYSCORE', EXPIRING, '0', string.format('%d', NOW), 'LIMIT', 0, ARGV[2])
for _, id in ipairs(late) do
    local token = read_token(id)
    if token then
        end_token(id, token, 't', token[TIMEOUT_AT])
    else
        call('ZREM', EXPIRING, id)
    end
end
if call('ZCARD', WAITS) > 0 then
    local seen = {}
    for _, member in ipairs(call('ZRANDMEMBER', WAITS, 20)) do
        local key = string.match(member, '^(.*)%z%d+$')
        if key and not seen[key] and is_over(key) then
            local id = string.match(key, '^job:(%d+)$')
            if id then
                follow(id)
            end
            resume(key)
        end
        seen[key or ''] = true
    end
end
-- Of a few that wait for others it is looked anew for which: an earlier version of the library does not count what ends.
local left = 2000
for _, id in ipairs(call('HLEN', BLOCKED) > 0 and call('HRANDFIELD', BLOCKED, 20) or {}) do
    local job, extras = changed[id] or read_jobs({ id })[id], read_extras(id)
    local ids = extras.depends_on_job_ids or {}
    left = left - #ids
    if left > 0 and job and job[STATUS] == 'p' and extras.waits_for then
        for _, prerequisite in ipairs(bind(id, job, ids, extras.waits_for, extras.again)) do
            follow(prerequisite)
        end
    end
end
commit()
return #late
