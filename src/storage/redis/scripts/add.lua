-- Adds jobs, or finds the holders of their keys: a negative id is a holder's.
-- ARGV: origin, first id where ids were reserved, first id of the large batch this is a part of, then seven a job:
-- type, priority as it sorts, run_at (empty: now), record after run_at, payload, key, tags as MessagePack.
local WIDTH = 7
local count = (#ARGV - 3) / WIDTH
local batch = ARGV[3] ~= '' and ARGV[3]
local first = tonumber(ARGV[2]) or call('HINCRBY', META, 'id', count) - count + 1

local header = '\220\0\29' .. cmsgpack.pack(NOW) .. cmsgpack.pack(NOW)
local now_text = cmsgpack.pack(NOW_TEXT)
local event = call('HINCRBY', META, 'event', count) - count
local answer, records, payloads, events, pending, types, ready, later = {}, {}, {}, {}, {}, {}, {}, {}

for at = 1, count do
    local from = 3 + (at - 1) * WIDTH
    local job_type, priority, run_at, rest = ARGV[from + 1], ARGV[from + 2], ARGV[from + 3], ARGV[from + 4]
    local key, tags = ARGV[from + 6], ARGV[from + 7]
    local number = first + at - 1
    local id, sorted = string.format('%.0f', number), wide(number)
    if key ~= '' and call('HSETNX', HOLDERS, key, id) == 0 then
        answer[at] = -tonumber(call('HGET', HOLDERS, key))
    else
        answer[at] = number
        local due = run_at == '' and NOW_TEXT or run_at
        local next = #records + 1
        records[next], records[next + 1] = id, header .. (run_at == '' and now_text or cmsgpack.pack(run_at)) .. rest
        payloads[next], payloads[next + 1] = id, ARGV[from + 5]
        events[next], events[next + 1] = id, string.format('a%.0f,%.0f,0,', event + at, NOW)
        pending[next], pending[next + 1] = number, id
        types[next], types[next + 1] = 0, job_type .. '\0' .. sorted
        if due <= NOW_TEXT then
            ready[#ready + 1] = 0
            ready[#ready + 1] = job_type .. '\0' .. priority .. due .. sorted
        else
            later[#later + 1] = 0
            later[#later + 1] = job_type .. '\0' .. due .. priority .. sorted
        end
        for _, tag in ipairs(tags ~= '' and cmsgpack.unpack(tags) or {}) do
            call('ZADD', TAGS, 0, tag .. '\0' .. sorted)
        end
    end
end

many('HSET', JOBS, records)
many('HSET', PAYLOADS, payloads)
many('HSET', EVENTS, events)
many('ZADD', PENDING, pending)
many('ZADD', TYPES, types)
many('ZADD', READY, ready)
many('ZADD', LATER, later)
if batch then
    local last, deadline, written = string.match(call('HGET', BATCHES, batch), '^(%d+),(%d+),(%d+)$')
    call('HSET', BATCHES, batch, string.format('%s,%.0f,%.0f', last, NOW + 600000000, written + #records / 2))
elseif #records > 0 then
    call('PUBLISH', META .. ':wake', ORIGIN)
end
return answer
