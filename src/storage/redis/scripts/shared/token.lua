-- A token as it is answered: job, state, when made, when it times out, when completed, 1 if there is an output, the output, tags; empty
-- where there is none.
local function show_token(id)
    local token = read_token(id)
    if not token then
        return {}
    end
    local function time(at)
        return at and string.format('%d', at) or ''
    end
    local state = token[STATE]
    if state == 'w' and not is_open(token) then
        state = 't'
    end
    return {
        token[OF_JOB] or '', state, time(token[MADE_AT]), time(token[TIMEOUT_AT]), time(token[ENDED_AT]),
        token[RESULT] and '1' or '', token[RESULT] or '', unpack(token[LABELS]),
    }
end

-- Notes that a token is over, from a time on.
local function end_token(id, token, state, since)
    token[STATE] = state
    call('HSET', TOKENS, id, cmsgpack.pack(token))
    if token[OF_JOB] then
        call('ZREM', EXPIRING, id)
    else
        call('ZADD', EXPIRING, string.format('-%d', since), id)
    end
end
