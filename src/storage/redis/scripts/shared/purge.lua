-- Forgets a job and all that belongs to it.
local purged, freed = {}, {}

local function purge(id, job)
    purged[#purged + 1] = id
    leave(BY_STATUS[job[STATUS]], id)
    leave(TYPES, job[TYPE] .. '\0' .. wide(id))
    for _, tag in ipairs(job[JOB_TAGS] or {}) do
        leave(TAGS, tag .. '\0' .. wide(id))
    end
    displace(id, job)
    if job[WHY_PENDING] then
        unbind(id)
    end
    if job[KEY] and call('HGET', HOLDERS, job[KEY]) == id then
        freed[#freed + 1] = job[KEY]
    end
    leave(TERMS, id)
    ended[#ended + 1] = id
end

local function write_purge()
    for _, key in ipairs({ JOBS, PAYLOADS, OUTPUTS, ERRORS, STEPS, EVENTS, EXTRAS }) do
        many('HDEL', key, purged)
    end
    many('HDEL', HOLDERS, freed)
    if call('HLEN', TOKENS) == 0 then
        return
    end
    local owners, tokens = {}, {}
    for at, id in ipairs(purged) do
        owners[at] = 'j' .. id
    end
    for at, owned in ipairs(fetch(TOKENS, owners)) do
        for _, token in ipairs(owned and cmsgpack.unpack(owned) or {}) do
            tokens[#tokens + 1] = token
        end
        tokens[#tokens + 1] = owned and owners[at] or nil
    end
    many('HDEL', TOKENS, tokens)
    many('ZREM', EXPIRING, tokens)
    many('ZREM', MINTED, tokens)
end
