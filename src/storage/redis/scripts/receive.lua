-- Adds jobs of another store with their past, or finds the holders of their keys: a negative id is a holder's.
-- ARGV: origin, then thirteen a job: type, priority as it sorts, created_at, run_at (empty: now), next_attempt_at or empty,
-- record from run_at to history, payload, key, tags, errors and steps as MessagePack or empty, metadata of the event, extras.
local WIDTH = 13
local answer, fed = {}, is_read() and {}
for at = 2, #ARGV, WIDTH do
    local job_type, priority, created, run_at, retry_at, rest = unpack(ARGV, at, at + 5)
    local payload, key, tags, errors, steps, origin, extras = unpack(ARGV, at + 6, at + 12)
    local holder = call('HGET', HOLDERS, key)
    if holder then
        answer[#answer + 1] = -tonumber(holder)
    else
        local number = call('HINCRBY', META, 'id', 1)
        local id, sorted = string.format('%d', number), wide(number)
        run_at = run_at == '' and NOW_TEXT or run_at
        local event = call('HINCRBY', META, 'event', 1)
        local history = string.format('a%d,%d,%d,', event, NOW, #origin) .. origin
        if fed then
            fed[#fed + 1] = id .. ',' .. history
        end
        local is_large = #payload > INLINE
        local latest = cmsgpack.pack(history) .. cmsgpack.pack(not is_large and payload) .. salt(number)
        local times = cmsgpack.pack(tonumber(created)) .. cmsgpack.pack(NOW) .. cmsgpack.pack(run_at)
        call('HSET', HOLDERS, key, id)
        call('HSET', JOBS, id, RECORD .. times .. rest .. latest)
        if is_large then
            call('HSET', PAYLOADS, id, payload)
        end
        if errors ~= '' then
            call('HSET', ERRORS, id, errors)
        end
        if extras ~= '' then
            local packed, term = with_terms(extras, run_at)
            call('HSET', EXTRAS, id, packed)
            if term then
                call('ZADD', TERMS, term, id)
            end
        end
        if steps ~= '' then
            call('HSET', STEPS, id, steps)
        end
        for _, tag in ipairs(tags ~= '' and cmsgpack.unpack(tags) or {}) do
            call('ZADD', TAGS, 0, tag .. '\0' .. sorted)
        end
        call('ZADD', TYPES, 0, job_type .. '\0' .. sorted)
        call('ZADD', retry_at == '' and PENDING or FAILED, number, id)
        local due = retry_at == '' and run_at or retry_at
        if due <= NOW_TEXT then
            enter(READY, '0', job_type .. '\0' .. priority .. due .. sorted)
        else
            call('ZADD', LATER, 0, job_type .. '\0' .. due .. priority .. sorted)
        end
        answer[#answer + 1] = number
        wake = true
    end
end
commit()
feed(fed or {})
return answer
