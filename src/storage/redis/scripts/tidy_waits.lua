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
            resume(key)
        end
        seen[key or ''] = true
    end
end
commit()
return #late
