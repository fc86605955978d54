-- Replaces fields of upcoming jobs. ARGV: origin, the new values as a MessagePack map, metadata of the event, whether
-- there is a payload, the payload, ids. A value of false clears. Answers which.
local edit, ids, edited = cmsgpack.unpack(ARGV[2]), { unpack(ARGV, 6) }, {}
local FIELDS = {
    priority = PRIORITY, timeout_ms = TIMEOUT_MS, retry_delay = RETRY_DELAY, retry_backoff = RETRY_BACKOFF,
    retry_delay_max = RETRY_DELAY_MAX, tags = JOB_TAGS,
}

local function tag(id, before, after)
    for _, name in ipairs(before or {}) do
        leave(TAGS, name .. '\0' .. wide(id))
    end
    for _, name in ipairs(after or {}) do
        enter(TAGS, '0', name .. '\0' .. wide(id))
    end
end

local function set_payload(id, job, payload)
    if #payload <= INLINE then
        job[PAYLOAD] = payload
        call('HDEL', PAYLOADS, id)
    else
        job[PAYLOAD] = false
        call('HSET', PAYLOADS, id, payload)
    end
end

for id, job in pairs(read_jobs(ids)) do
    if job[STATUS] == 'p' or (job[STATUS] == 'f' and job[NEXT_AT]) then
        displace(id, job)
        if edit.tags ~= nil then
            tag(id, job[JOB_TAGS], edit.tags)
        end
        local is_killed = (job[TIMEOUT_MS] or 0) < 0
        for name, field in pairs(FIELDS) do
            if edit[name] ~= nil then
                job[field] = edit[name]
            end
        end
        if edit.force_kill ~= nil then
            is_killed = edit.force_kill
        end
        if job[TIMEOUT_MS] then
            job[TIMEOUT_MS] = math.abs(job[TIMEOUT_MS]) * (is_killed and -1 or 1)
        end
        if edit.max_attempts then
            job[MAX_ATTEMPTS] = math.max(edit.max_attempts, job[ATTEMPTS] + 1)
        end
        local due_field = job[STATUS] == 'f' and NEXT_AT or RUN_AT
        if edit.run_at ~= nil then
            if due_field == RUN_AT then
                move_expiry(id, job[RUN_AT], edit.run_at or NOW_TEXT)
            end
            job[due_field] = edit.run_at or NOW_TEXT
        end
        if ARGV[4] == '1' then
            set_payload(id, job, ARGV[5])
        end
        job[UPDATED_AT] = NOW
        changed[id] = job
        if not (job[WHY_PENDING] and call('HEXISTS', BLOCKED, id) == 1) then
            place(id, job, job[due_field])
        end
        if edit.tags ~= nil then
            -- Somebody may wait for a tag that it had.
            follow(id)
        end
        note(id, 'e', ARGV[3])
        edited[#edited + 1] = id
        wake = true
    end
end
commit()
return edited
