-- Fires a schedule that is still as it was read. ARGV: origin, id, when it was last changed, its tick, its next tick or empty,
-- metadata of the event, the job's type, record from type to history, payload, tags and extras as MessagePack, then the ticks to add a job for. Answers whether it did, when it was changed, and the jobs.
local id, tick, job_type, rest, payload = ARGV[2], ARGV[4], unpack(ARGV, 7, 9)
local schedule = read_schedule(id)
if not schedule or schedule[SCHEDULE_STATUS] ~= 'active' or schedule[NEXT_RUN] ~= tick
    or schedule[CHANGED_AT] ~= tonumber(ARGV[3]) then
    return { 0, 0 }
end
local last = schedule[LAST_JOB] and call('HGET', JOBS, string.format('%d', schedule[LAST_JOB]))
local status = last and cmsgpack.unpack(last)[STATUS]
local is_blocked = schedule[ALLOW_OVERLAP] == 0 and (status == 'p' or status == 'r' or status == 'w')
local tags = ARGV[10] ~= '' and cmsgpack.unpack(ARGV[10]) or {}
local answer, large, is_large = { 1, 0 }, {}, #payload > INLINE
local last_members = cmsgpack.pack('') .. cmsgpack.pack(not is_large and payload)
for at = 12, is_blocked and 0 or #ARGV do
    local number, due = call('HINCRBY', META, 'id', 1), ARGV[at]
    local new, sorted = string.format('%d', number), wide(number)
    local times = cmsgpack.pack(NOW) .. cmsgpack.pack(NOW) .. cmsgpack.pack(due)
    changed[new] = cmsgpack.unpack(RECORD .. times .. rest .. last_members .. salt(number))
    if is_large then
        large[#large + 1], large[#large + 2] = new, payload
    end
    if ARGV[11] ~= '' then
        local packed, term = with_terms(ARGV[11], due)
        call('HSET', EXTRAS, new, packed)
        if term then
            call('ZADD', TERMS, term, new)
        end
    end
    note(new, 'a', ARGV[6])
    enter(PENDING, new, new)
    enter(TYPES, '0', job_type .. '\0' .. sorted)
    for _, tag in ipairs(tags) do
        enter(TAGS, '0', tag .. '\0' .. sorted)
    end
    place(new, changed[new], due)
    answer[#answer + 1] = number
    schedule[LAST_JOB], schedule[ENQUEUED_AT], wake = number, NOW, true
end
local before = { [NEXT_RUN] = schedule[NEXT_RUN] }
schedule[NEXT_RUN] = ARGV[5] ~= '' and ARGV[5]
schedule[CHANGED_AT] = math.max(NOW, schedule[CHANGED_AT] + 1)
-- First of all that is written: a tick that a script was cut off at makes no second job.
keep_schedule(id, before, schedule)
many('HSET', PAYLOADS, large)
commit()
answer[2] = schedule[CHANGED_AT]
return answer
