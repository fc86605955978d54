-- The store at a glance. ARGV: origin, how many types to look at. Answers, packed: the time; how many jobs there are of each status; how many
-- workers live, and what each of them said of itself; and of each type its name, how many of its jobs may be claimed now and how many
-- fall due later, when the oldest of those fell due and when the next one does, or false.
local most, seen, names = tonumber(ARGV[2]), {}, {}
for _, key in ipairs({ READY, LATER }) do
    local from, left = '-', most
    while left > 0 do
        local member = call('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, 1)[1]
        if not member then
            break
        end
        local job_type = string.match(member, '^(%Z*)%z')
        names[#names + 1] = not seen[job_type] and job_type or nil
        seen[job_type], from, left = true, '(' .. job_type .. '\1', left - 1
    end
end

-- When the first job of each priority fell due, the earliest of these; of a hundred priorities.
local function oldest_of(name)
    local from, oldest = '[' .. name .. '\0', nil
    for _ = 1, 100 do
        local member = call('ZRANGEBYLEX', READY, from, '(' .. name .. '\1', 'LIMIT', 0, 1)[1]
        if not member then
            break
        end
        local rank, due = string.sub(member, #name + 2, #name + 11), string.sub(member, #name + 12, #name + 29)
        oldest = (not oldest or due < oldest) and due or oldest
        from = '[' .. name .. '\0' .. rank .. ':'
    end
    return oldest
end

local function due_of(name, from)
    local member = call('ZRANGEBYLEX', LATER, from, '(' .. name .. '\1', 'LIMIT', 0, 1)[1]
    return member and string.sub(member, #name + 2, #name + 19)
end

local types = {}
for at, name in ipairs(names) do
    local first, behind, later = '[' .. name .. '\0', '(' .. name .. '\1', name .. '\0' .. NOW_TEXT .. ':'
    local oldest, late = oldest_of(name), due_of(name, first)
    if late and late <= NOW_TEXT and (not oldest or late < oldest) then
        oldest = late
    end
    types[at] = {
        name, call('ZLEXCOUNT', READY, first, behind) + call('ZLEXCOUNT', LATER, first, '(' .. later),
        call('ZLEXCOUNT', LATER, '[' .. later, behind), oldest or false, due_of(name, '[' .. later) or false,
    }
end
local counts, _, hidden = {}, hidden_jobs()
for at, letter in ipairs({ 'p', 'r', 'c', 'f', 'x', 'w' }) do
    counts[at] = call('ZCARD', BY_STATUS[letter]) - (letter == 'p' and hidden or 0)
end
local profiles = {}
local alive = call('ZRANGEBYSCORE', EXPIRY, string.format('(%d', NOW), '+inf', 'LIMIT', 0, 10000)
for at, kept in ipairs(fetch(PROFILES, alive)) do
    profiles[at] = kept and cmsgpack.unpack(kept)[2] or false
end
return cmsgpack.pack({ NOW, counts, #alive, profiles, types })
