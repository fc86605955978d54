-- Leases due jobs to a worker, in the order to be run.
-- ARGV: origin, worker, its name, token, limit, most jobs to look at, the microseconds that the worker is renewed for or empty,
-- then the types.
-- Answers the time, whether the worker is registered (2: and has made this claim before), whether claimable jobs were left,
-- when the next falls due, and six values a job: id, record, payload where it is not in the record, output, errors, steps.
local worker, name, token, limit, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local registered = call('HGET', WORKERS, worker)
if not registered then
    return { string.format('%d', NOW), 0 }
end
-- A claim whose answer was lost may come again, sent by a client that reconnects: what it leased is looked up then. One that
-- was asked about and comes only now leases nothing.
local entry = cmsgpack.unpack(registered)
if entry[4] >= token then
    return { string.format('%d', NOW), 2 }
end
local lease, types = tonumber(ARGV[7]), { unpack(ARGV, 8) }
local is_hidden = hidden_jobs()
local members, due, more = pick_ready(types, limit, most, is_hidden)

local ids = {}
for at, member in ipairs(members) do
    ids[at] = string.format('%d', string.sub(member, -16))
end
leaving[READY] = #members > 0 and members or nil
local jobs, number = read_jobs(ids), tonumber(worker)
local claimed, retried = {}, {}
local has_steps = call('HLEN', STEPS) > 0
for _, id in ipairs(ids) do
    local job = jobs[id]
    local status = job and job[STATUS]
    local due_at = status == 'p' and job[RUN_AT] or status == 'f' and job[NEXT_AT] or status == 'w' and job[WAIT_UNTIL]
    if due_at and due_at <= NOW_TEXT then
        job[WORKER], job[TOKEN], job[LOCKED_BY], job[RETRYING] = number, token, name, status == 'f' and 1 or 0
        leave(BY_STATUS[status], id)
        enter(PROCESSING, worker, id)
        -- A job that was given back has no attempt to show for what it did before.
        retried[#retried + 1] = (has_steps or job[ATTEMPTS] > 0) and id or nil
        job[STATUS], job[ATTEMPTS] = 'r', job[ATTEMPTS] + (status == 'w' and 0 or 1)
        job[LOCKED_AT], job[UPDATED_AT], job[STARTED_AT] = NOW, NOW, job[STARTED_AT] or NOW
        if job[WAIT_TOKEN] then
            leave(WAITS, job[WAIT_TOKEN] .. '\0' .. id)
        end
        job[NEXT_AT], job[WHY_PENDING], job[WAIT_TOKEN] = false, false, false
        changed[id] = job
        claimed[#claimed + 1] = id
        note(id, 'p')
    elseif due_at then
        -- The server's clock was set back: the job stays in the queue until it has caught up.
        place(id, job, due_at)
    end
end
if #claimed > 0 then
    entry[4] = token
    if lease then
        entry[2], entry[3] = NOW, NOW + lease
        call('ZADD', EXPIRY, string.format('%d', NOW + lease), worker)
    end
    call('HSET', WORKERS, worker, cmsgpack.pack(entry))
end
local records = commit()
local answer = { string.format('%d', NOW), 1, more and 1 or 0, due or '' }
local place_of, large = {}, {}
for _, id in ipairs(claimed) do
    local from = #answer
    place_of[id] = from
    answer[from + 1], answer[from + 2], answer[from + 3] = id, records[id], false
    answer[from + 4], answer[from + 5], answer[from + 6] = false, false, false
    large[#large + 1] = not jobs[id][PAYLOAD] and id or nil
end
for at, payload in ipairs(fetch(PAYLOADS, large)) do
    answer[place_of[large[at]] + 3] = payload
end
if #retried > 0 then
    local outputs, errors, steps = fetch(OUTPUTS, retried), fetch(ERRORS, retried), fetch(STEPS, retried)
    for at, id in ipairs(retried) do
        local from = place_of[id]
        answer[from + 4], answer[from + 5], answer[from + 6] = outputs[at], errors[at], steps[at]
    end
end
return answer
