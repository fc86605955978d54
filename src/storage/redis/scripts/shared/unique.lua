-- Jobs of which there is to be one of a kind. A kind is a field of its hash: the job, a comma, and until when it counts or nothing.
local KIND, STATES, WITHIN, DEBOUNCE = 1, 2, 3, 4

-- The new jobs of this call by their kinds; and what they get instead of their own payloads and of when they are due.
local new_of, payload_of, due_of = {}, {}, {}

local function rule_of(packed)
    return packed ~= '' and cmsgpack.unpack(packed).unique
end

-- Puts off a job that has not begun, and gives it another payload.
local function put_off(id, job, payload, span)
    local due, is_large = from_now(span), #payload > INLINE
    displace(id, job)
    move_expiry(id, job[RUN_AT], due)
    job[RUN_AT], job[UPDATED_AT], job[PAYLOAD] = due, NOW, not is_large and payload
    if is_large then
        call('HSET', PAYLOADS, id, payload)
    else
        call('HDEL', PAYLOADS, id)
    end
    if not (job[WHY_PENDING] and call('HEXISTS', BLOCKED, id) == 1) then
        place(id, job, due)
    end
    changed[id], wake, unforeseen = job, true, true
    note(id, 'e', '{"payload":' .. payload .. '}')
end

-- The job beside which no other of a rule's kind is added, if there is one.
local function counting(rule, payload)
    local fresh = new_of[rule[KIND]]
    if fresh then
        if rule[DEBOUNCE] then
            payload_of[fresh] = payload
        end
        return fresh
    end
    local kept = call('HGET', UNIQUE, rule[KIND])
    local id, till = string.match(kept or '', '^(%d+),(%d*)$')
    local job = id and (changed[id] or read_jobs({ id })[id])
    if not job then
        return nil
    end
    local status = job[STATUS] == 'f' and job[NEXT_AT] and 'p' or job[STATUS]
    if rule[DEBOUNCE] then
        if job[STATUS] == 'p' and job[ATTEMPTS] == 0 then
            put_off(id, job, payload, rule[DEBOUNCE])
            return tonumber(id)
        end
    elseif (not rule[WITHIN] or till ~= '' and tonumber(till) > NOW)
        and (rule[STATES] == '' or string.find(rule[STATES], status, 1, true)) then
        return tonumber(id)
    end
end

-- Makes a new job that of its kind.
local function take_kind(rule, number)
    new_of[rule[KIND]] = number
    due_of[number] = rule[DEBOUNCE] and from_now(rule[DEBOUNCE])
    call('HSET', UNIQUE, rule[KIND], string.format('%d,', number) .. (rule[WITHIN] and string.format('%d', NOW + rule[WITHIN]) or ''))
end
