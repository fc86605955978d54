-- The histories of jobs: what is noted of changes, and written with them.

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
    local fed = is_read() and {}
    for at, id in ipairs(noted) do
        local job, detail = changed[id], details[at]
        local text = kinds[at] .. string.format('%d', before + at)
        text = text .. (detail == '' and plain or string.format(',%d,%d,', NOW, #detail) .. detail)
        if fed then
            fed[at] = id .. ',' .. text
        end
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
    feed(fed or {})
end
