-- What few jobs have, as MessagePack maps in a hash of their own.

-- A sortable time in microseconds since 1970.
local function micros_of(due)
    return (tonumber(string.sub(due, 1, 12)) - 100000000000) * 1000000 + tonumber(string.sub(due, 13))
end

-- The earlier of two times, each of which may be missing.
local function earlier(one, other)
    return one and other and math.min(one, other) or one or other
end

-- The extras of a new job that are kept, if any, with the time from which on it may not begin any more; whether it is to wait for
-- others; and when something is to be done about it.
local function with_terms(packed, due)
    local extras = cmsgpack.unpack(packed)
    if extras.unique then
        extras.unique = nil
        packed = cmsgpack.pack(extras)
    end
    if not extras.expires_in and not extras.keep_result_for then
        return next(extras) and packed, extras.blocked
    end
    extras.expires_at = extras.expires_in and micros_of(due) + extras.expires_in
    extras.expires_in = nil
    local term = earlier(extras.expires_at, extras.keep_result_for and NOW + extras.keep_result_for * 1000000)
    return cmsgpack.pack(extras), extras.blocked, string.format('%d', term)
end

-- The same, for many at once: into the values of the hash and of the sorted set. Answers whether the job is to wait for others.
local function gather_terms(extras, terms, id, more, due)
    local packed, is_blocked, term
    if more ~= '' then
        packed, is_blocked, term = with_terms(more, due)
    end
    if packed then
        extras[#extras + 1] = id
        extras[#extras + 1] = packed
    end
    if term then
        terms[#terms + 1] = term
        terms[#terms + 1] = id
    end
    return is_blocked
end

-- Whether a job that is pending expired before its first attempt.
local function is_late(job, packed)
    if not job or not packed or job[STATUS] ~= 'p' or job[ATTEMPTS] > 0 then
        return false
    end
    local expires_at = cmsgpack.unpack(packed).expires_at
    return expires_at and expires_at <= NOW
end

-- Keeps the span after which a job expires, where the time moves at which it is due.
local function move_expiry(id, before, after)
    local kept = call('HGET', EXTRAS, id)
    local extras = kept and cmsgpack.unpack(kept)
    if extras and extras.expires_at then
        extras.expires_at = extras.expires_at + micros_of(after) - micros_of(before)
        call('HSET', EXTRAS, id, cmsgpack.pack(extras))
        call('ZADD', TERMS, 'LT', string.format('%d', extras.expires_at), id)
    end
end

local function read_extras(id)
    local kept = call('HGET', EXTRAS, id)
    return kept and cmsgpack.unpack(kept) or {}
end

local function keep_extra(id, name, value)
    local extras = read_extras(id)
    extras[name] = value
    call('HSET', EXTRAS, id, cmsgpack.pack(extras))
end

local function forget_extras(id, names)
    local extras, is_changed = read_extras(id), false
    for _, name in ipairs(names) do
        is_changed = is_changed or extras[name] ~= nil
        extras[name] = nil
    end
    if is_changed and next(extras) == nil then
        call('HDEL', EXTRAS, id)
    elseif is_changed then
        call('HSET', EXTRAS, id, cmsgpack.pack(extras))
    end
end
