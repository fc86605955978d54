-- Leases due jobs to a worker, in the order to be run.
-- ARGV: origin, worker, its name, token, limit, most jobs to look at, the microseconds that the worker is renewed for or empty,
-- the weights of tiers as MessagePack where groups take turns or empty, then the types.
-- Answers the time, whether the worker is registered (2: and has made this claim before), whether claimable jobs were left,
-- when the next falls due, when each job did in one text, and seven values a job: id, record, payload where it is not in the record, output, errors, steps, extras.
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
local lease, types = tonumber(ARGV[7]), { unpack(ARGV, 9) }
local is_hidden = hidden_jobs()
local gate = is_limited() and open_gate(types)
local members, due, more = (ARGV[8] ~= '' and turns.pick or pick_ready)(types, limit, most, is_hidden, gate, ARGV[8])

local ids = {}
for at, member in ipairs(members) do
    ids[at] = string.format('%d', string.sub(member, -16))
end
leaving[READY] = #members > 0 and members or nil
local jobs, number = read_jobs(ids), tonumber(worker)
local claimed, retried, fell_due = {}, {}, {}
local has_steps = call('HLEN', STEPS) > 0
local extras, extras_of = #ids > 0 and call('HLEN', EXTRAS) > 0 and fetch(EXTRAS, ids) or {}, {}
for at, id in ipairs(ids) do
    local job = jobs[id]
    local status = job and job[STATUS]
    -- One that expired leaves the queue, and is cancelled soon.
    local due_at = not is_late(job, extras[at]) and (status == 'p' and job[RUN_AT] or status == 'f' and job[NEXT_AT] or status == 'w' and job[WAIT_UNTIL])
    extras_of[id] = extras[at]
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
        claimed[#claimed + 1], fell_due[#fell_due + 1] = id, due_at
        note(id, 'p')
    elseif gate then
        pass(gate, id)
    end
    if due_at and due_at > NOW_TEXT then
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
due = gate and close(gate, due) or due
local records = commit()
local answer = { string.format('%d', NOW), 1, (more or gate and gate.lines_left) and 1 or 0, due or '', table.concat(fell_due) }
tell_claimed(answer, claimed, jobs, records, extras_of)
tell_earlier(answer, retried)
return answer
