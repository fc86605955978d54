-- One step of a search from the newest job on. ARGV: origin, filter, what else is asked for, cursor or empty, jobs to look at, how many to
-- find. Answers the last that was looked at, empty at the end, how many were, when that one was added, and the ids that match.
local filter, asked, cursor, limit = cmsgpack.unpack(ARGV[2]), cmsgpack.unpack(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local arms = choose_arms(filter)
local ids, is_last = walk(arms, false, cursor, tonumber(ARGV[5]))
local is_hidden, jobs, matches = hidden_jobs(), read_jobs(ids), test_of(filter)

local function is_within(at)
    return (not asked.gt or at > asked.gt) and (not asked.gte or at >= asked.gte) and (not asked.lt or at < asked.lt)
        and (not asked.lte or at <= asked.lte) and (not asked.eq or at == asked.eq)
end

local function has(text, wanted)
    return not wanted or (text and string.find(string.lower(text), wanted, 1, true) ~= nil)
end

local function is_meant(id, job)
    if not matches(job) or not is_within(job[CREATED_AT]) then
        return false
    end
    if asked.group or asked.lettered ~= nil then
        local extras = cmsgpack.unpack(call('HGET', EXTRAS, id) or '\128')
        if asked.group and extras.group_id ~= asked.group then
            return false
        end
        if asked.lettered ~= nil and asked.lettered ~= (extras.dead_lettered_at ~= nil) then
            return false
        end
    end
    return has(asked.text and (job[PAYLOAD] or call('HGET', PAYLOADS, id)), asked.text)
        and has(asked.error and call('HGET', ERRORS, id), asked.error)
end

local answer, looked_at, last = { '', '0', '' }, 0, nil
for _, id in ipairs(ids) do
    local job = jobs[id]
    if job and not (is_hidden and is_hidden(id)) then
        looked_at, last = looked_at + 1, job
        answer[#answer + 1] = is_meant(id, job) and id or nil
    end
    if #answer - 3 >= limit then
        is_last = is_last and id == ids[#ids]
        answer[1] = is_last and '' or id
        break
    end
end
if #answer - 3 < limit then
    answer[1] = is_last and '' or ids[#ids]
end
answer[2], answer[3] = string.format('%d', looked_at), last and string.format('%d', last[CREATED_AT]) or ''
return answer
