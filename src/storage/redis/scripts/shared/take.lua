-- Takes a running job from a worker that is gone: it is due again, lost for good, or cancelled if somebody asked for it. Answers whether
-- it ended.
local function take(id, job, most_crashes, most_errors)
    local worker = job[LOCKED_BY] or ''
    job[CRASHES] = job[CRASHES] + 1
    job[UPDATED_AT], job[LOCKED_AT], job[LOCKED_BY], job[NEXT_AT] = NOW, false, false, false
    job[WAIT_UNTIL] = false
    local is_over = job[CRASHES] >= most_crashes or job[ATTEMPTS] >= job[MAX_ATTEMPTS] or job[CANCEL_AT]
    job[WORKER], job[TOKEN] = false, false
    if job[CANCEL_AT] then
        stop(id, job)
    elseif is_over then
        set_status(id, job, 'f')
        local message = cjson.encode('worker ' .. worker .. ' died or was cut off while it ran the job')
        local attempt = string.format('%d', job[ATTEMPTS])
        job[FAILED_AT], job[REASON] = NOW, 'lost'
        add_error(id, '{"message":' .. message .. ',"type":null,"traceback":null,"attempt":' .. attempt, most_errors)
        local told = '{"message":' .. message .. ',"reason":"lost","attempt":' .. attempt .. ',"will_retry":false}'
        note(id, 'f', told)
        ended[#ended + 1] = id
        bury(id, job, told)
    else
        set_status(id, job, 'p')
        if job[RUN_AT] > NOW_TEXT then
            job[RUN_AT] = NOW_TEXT
        end
        place(id, job, job[RUN_AT])
        note(id, 'g')
        wake = true
    end
    changed[id] = job
    return is_over and true or false
end
