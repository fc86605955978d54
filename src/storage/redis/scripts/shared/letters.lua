-- Dead letters: jobs that tell of others, which failed for good.
local LETTER_ATTEMPTS = 3

-- Now, in the form of error histories.
local function stamp()
    local seconds, micros = math.floor(NOW / 1000000), NOW % 1000000
    local days, second = math.floor(seconds / 86400), seconds % 86400
    -- Years begin in March here, so that a day of February is added at their end: 400 of them are 146097 days.
    local shifted = days + 719468
    local era = math.floor(shifted / 146097)
    local day = shifted - era * 146097
    local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
    day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local month = math.floor((5 * day + 2) / 153)
    day = day - math.floor((153 * month + 2) / 5) + 1
    year, month = era * 400 + year + (month >= 10 and 1 or 0), month < 10 and month + 3 or month - 9
    return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, day, math.floor(second / 3600),
        math.floor(second / 60) % 60, second % 60, micros)
end

-- Adds the dead letter of a job that failed for good, if it is to have one: due now, with the trace of its job and else no
-- options. `metadata` is that of the event; the payload goes in as it is.
local function bury(id, job, metadata)
    local extras = call('HLEN', EXTRAS) > 0 and read_extras(id) or {}
    local job_type = extras.dead_letter_job_type
    if not job_type then
        return
    end
    local number, failure = call('HINCRBY', META, 'id', 1), cjson.decode(metadata)
    local new, letter = string.format('%d', number), {}
    local payload = string.format('{"originalJob":{"id":%s,"jobType":', id) .. cjson.encode(job[TYPE])
        .. string.format(',"attempts":%d,"maxAttempts":%d},"originalPayload":', job[ATTEMPTS], job[MAX_ATTEMPTS])
        .. (job[PAYLOAD] or call('HGET', PAYLOADS, id) or 'null')
        .. ',"failure":{"message":' .. cjson.encode(failure.message) .. ',"reason":"' .. failure.reason
        .. '","failedAt":"' .. stamp() .. '"}}'
    for member = 1, CANCEL_AT - 1 do
        letter[member] = false
    end
    letter[CREATED_AT], letter[UPDATED_AT], letter[RUN_AT], letter[TYPE], letter[STATUS] = NOW, NOW, NOW_TEXT, job_type, 'p'
    letter[PRIORITY], letter[ATTEMPTS], letter[MAX_ATTEMPTS], letter[CRASHES], letter[HISTORY] = 0, 0, LETTER_ATTEMPTS, 0, ''
    letter[PAYLOAD], letter[CANCEL_AT - 1] = #payload <= INLINE and payload, number % 128
    if #payload > INLINE then
        call('HSET', PAYLOADS, new, payload)
    end
    call('HSET', EXTRAS, new, cmsgpack.pack({ dead_letter_of = tonumber(id), traceparent = extras.traceparent }))
    extras.dead_lettered_at, extras.dead_letter_job_id = NOW, number
    call('HSET', EXTRAS, id, cmsgpack.pack(extras))
    changed[new] = letter
    note(new, 'a', '{"dead_letter_of":' .. id .. '}')
    enter(PENDING, new, new)
    enter(TYPES, '0', job_type .. '\0' .. wide(number))
    place(new, letter, NOW_TEXT)
    wake, unforeseen = true, true
end
