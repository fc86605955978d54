-- Adds jobs, or finds the holders of their keys: a negative id is a holder's.
-- ARGV: origin, first id where ids were reserved, first id of the large batch this is a part of, then eight a job:
-- type, priority as it sorts, run_at (empty: now), record from run_at to history, payload, key, tags and extras as MessagePack.
-- Answers nothing where the batch was given up.
local WIDTH = 8
local count = (#ARGV - 3) / WIDTH
local batch = ARGV[3] ~= '' and ARGV[3]
if batch and call('HEXISTS', BATCHES, batch) == 0 then
    return {}
end
local first = tonumber(ARGV[2]) or call('HINCRBY', META, 'id', count) - count + 1
local answer, taken, holders, tags = {}, {}, {}, {}

for at = 1, count do
    local number, key, names = first + at - 1, ARGV[3 + at * WIDTH - 2], ARGV[3 + at * WIDTH - 1]
    local rule = rule_of(ARGV[3 + at * WIDTH])
    local holder = rule and counting(rule, ARGV[3 + at * WIDTH - 3]) or key ~= '' and (taken[key] or call('HGET', HOLDERS, key))
    answer[at] = holder and -tonumber(holder) or number
    if rule and not holder then
        take_kind(rule, number)
    end
    if key ~= '' and not holder then
        taken[key] = number
        holders[#holders + 1], holders[#holders + 2] = key, number
    end
    for _, tag in ipairs(not holder and names ~= '' and cmsgpack.unpack(names) or {}) do
        tags[#tags + 1], tags[#tags + 2] = '0', tag .. '\0' .. wide(number)
    end
end

local header = RECORD .. cmsgpack.pack(NOW) .. cmsgpack.pack(NOW)
local now_text = cmsgpack.pack(NOW_TEXT)
local event = call('HINCRBY', META, 'event', count) - count
local records, payloads, pending, types, ready, later, extras, terms = {}, {}, {}, {}, {}, {}, {}, {}
local fed = not batch and is_read() and {}

for at = 1, count do
    local number = answer[at]
    if number > 0 then
        local job_type, priority, run_at, rest, payload = unpack(ARGV, at * WIDTH - 4, at * WIDTH)
        payload, run_at = payload_of[number] or payload, due_of[number] or run_at
        local id, sorted = string.format('%d', number), wide(number)
        local due = run_at == '' and NOW_TEXT or run_at
        local history = string.format('a%d,%d,0,', event + at, NOW)
        if fed then
            fed[#fed + 1] = id .. ',' .. history
        end
        local is_large = #payload > INLINE
        records[#records + 1] = id
        records[#records + 1] = header .. (run_at == '' and now_text or cmsgpack.pack(run_at)) .. rest
            .. cmsgpack.pack(history) .. cmsgpack.pack(not is_large and payload) .. salt(number)
        if is_large then
            payloads[#payloads + 1], payloads[#payloads + 2] = id, payload
        end
        local is_blocked = gather_terms(extras, terms, id, ARGV[3 + at * WIDTH], due)
        pending[#pending + 1] = id
        pending[#pending + 1] = id
        types[#types + 1] = '0'
        types[#types + 1] = job_type .. '\0' .. sorted
        if not is_blocked then
            local is_due = due <= NOW_TEXT
            local queue = is_due and ready or later
            queue[#queue + 1] = '0'
            queue[#queue + 1] = job_type .. '\0' .. (is_due and priority .. due or due .. priority) .. sorted
        end
    end
end

many('ZADD', TAGS, tags)
many('HSET', HOLDERS, holders)
many('HSET', JOBS, records)
many('HSET', PAYLOADS, payloads)
many('HSET', EXTRAS, extras)
many('ZADD', TERMS, terms)
many('ZADD', PENDING, pending)
many('ZADD', TYPES, types)
many('ZADD', READY, ready)
many('ZADD', turns.standing, #extras > 0 and turns.entries(ready) or {})
many('ZADD', LATER, later)
if #noted > 0 then
    commit()
end
if batch then
    local last, _, written = string.match(call('HGET', BATCHES, batch), '^(%d+),(%d+),(%d+)$')
    call('HSET', BATCHES, batch, string.format('%s,%d,%d', last, NOW + 600000000, written + #records / 2))
elseif #records > 0 then
    call('PUBLISH', META .. ':wake', ORIGIN)
end
feed(fed or {})
return answer
