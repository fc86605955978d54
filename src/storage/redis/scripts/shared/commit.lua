-- Notes a change of a job, to be kept with its history.
local function note(id, kind, metadata)
    local at = #noted + 1
    noted[at], kinds[at], details[at] = id, kind, metadata or ''
end

-- Appends the notes to the histories of what changed: the latest part is in the record, what came before in the hash. An
-- event is `<kind><event id>,<time>,<length>,<metadata>`.
local function write_events()
    local before = call('HINCRBY', META, 'event', #noted) - #noted
    local spilled, ids = {}, {}
    local plain = string.format(',%d,0,', NOW)
    for at, id in ipairs(noted) do
        local job, detail = changed[id], details[at]
        local text = kinds[at] .. string.format('%d', before + at)
        text = text .. (detail == '' and plain or string.format(',%d,%d,', NOW, #detail) .. detail)
        local kept = job[HISTORY]
        if #kept + #text > INLINE then
            if #text > INLINE then
                kept, text = kept .. text, ''
            end
            if not spilled[id] then
                ids[#ids + 1] = id
            end
            spilled[id] = (spilled[id] or '') .. kept
            kept = ''
        end
        job[HISTORY] = kept .. text
    end
    local fields = {}
    for at, older in ipairs(fetch(EVENTS, ids)) do
        fields[#fields + 1] = ids[at]
        fields[#fields + 1] = (older or '') .. spilled[ids[at]]
    end
    many('HSET', EVENTS, fields)
end

-- Tells those who wait for the end of a job.
local function tell_watchers()
    if call('HLEN', WATCHERS) == 0 then
        return
    end
    local told = {}
    for at, watched in ipairs(fetch(WATCHERS, ended)) do
        if watched then
            told[#told + 1] = ended[at]
        end
    end
    if #told > 0 then
        many('HDEL', WATCHERS, told)
        call('PUBLISH', META .. ':ended', table.concat(told, ','))
    end
end

-- Writes what was gathered, and answers the records of what changed, by id. What leaves a sorted set leaves before
-- anything enters it.
local function commit()
    if #ended > 0 then
        resume_after_ends()
    end
    if #noted > 0 then
        write_events()
    end
    local records, packed = {}, {}
    for id, job in pairs(changed) do
        packed[id] = cmsgpack.pack(job)
        records[#records + 1] = id
        records[#records + 1] = packed[id]
    end
    many('HSET', JOBS, records)
    for key, members in pairs(leaving) do
        many('ZREM', key, members)
    end
    for key, pairs_of in pairs(entering) do
        many('ZADD', key, pairs_of)
    end
    if #ended > 0 then
        tell_watchers()
    end
    if wake then
        -- Of what was resumed the caller hears too: it cannot know.
        call('PUBLISH', META .. ':wake', resumed > 0 and '' or ORIGIN)
    end
    return packed
end
