-- Stores a token; a repeat answers the one that is there. ARGV: origin, id, job or empty, microseconds until it times out or empty,
-- tags. Answers it as get_token does.
local id, job = ARGV[2], ARGV[3]
if call('HEXISTS', TOKENS, id) == 0 then
    local token = { job ~= '' and job, 'w', NOW, ARGV[4] ~= '' and NOW + ARGV[4], false, false, { unpack(ARGV, 5) } }
    call('HSET', TOKENS, id, cmsgpack.pack(token))
    call('ZADD', MINTED, string.format('%d', NOW), id)
    if token[TIMEOUT_AT] then
        call('ZADD', EXPIRING, string.format('%d', token[TIMEOUT_AT]), id)
    end
    if job ~= '' then
        -- By its job, so that it goes with it.
        local owned = call('HGET', TOKENS, 'j' .. job)
        owned = owned and cmsgpack.unpack(owned) or {}
        owned[#owned + 1] = id
        call('HSET', TOKENS, 'j' .. job, cmsgpack.pack(owned))
    end
end
return show_token(id)
