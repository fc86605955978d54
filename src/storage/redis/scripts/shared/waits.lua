-- Who waits for tokens and for other jobs: a sorted set of `<what is waited for>\0<job>`, where a job is called `job:<id>`.
-- The members of a token's record, a MessagePack array in the hash of tokens. Times are microseconds since 1970; the states are
-- w, c and t. A token of no job stays in the sorted set of those that expire, by when it was over, as a negative score.
local OF_JOB, STATE, MADE_AT, TIMEOUT_AT, ENDED_AT, RESULT, LABELS = 1, 2, 3, 4, 5, 6, 7

-- The most jobs that one script resumes for one thing.
local RESUMED = 1000

local resumed = 0

local function read_token(id)
    local record = call('HGET', TOKENS, id)
    return record and cmsgpack.unpack(record)
end

local function is_open(token)
    return token and token[STATE] == 'w' and not (token[TIMEOUT_AT] and token[TIMEOUT_AT] <= NOW)
end

local function job_is_over(id)
    local job = changed[id] or read_jobs({ id })[id]
    return not job or job[STATUS] == 'c' or job[STATUS] == 'x' or (job[STATUS] == 'f' and not job[NEXT_AT])
end

-- Whether what is waited for is over, or does not exist.
local function is_over(key)
    local id = string.match(key, '^job:(%d+)$')
    if id then
        return job_is_over(id)
    end
    return not is_open(read_token(key))
end

-- Resumes jobs whose handlers wait for this. Pending ones, which wait before they run, are left: see dependents.lua.
local function resume(key)
    local found = call('ZRANGEBYLEX', WAITS, '[' .. key .. '\0', '[' .. key .. '\0\255', 'LIMIT', 0, RESUMED)
    local ids = {}
    for at, member in ipairs(found) do
        ids[at] = string.sub(member, #key + 2)
    end
    local jobs = read_jobs(ids)
    for at, id in ipairs(ids) do
        local job = changed[id] or jobs[id]
        if not job or job[STATUS] ~= 'p' then
            leave(WAITS, found[at])
        end
        if job and job[STATUS] == 'w' and job[WAIT_TOKEN] == key then
            displace(id, job)
            job[WAIT_UNTIL], job[WAIT_TOKEN], job[UPDATED_AT] = NOW_TEXT, false, NOW
            place(id, job, NOW_TEXT)
            changed[id] = job
            resumed, wake = resumed + 1, true
        end
    end
    return #ids
end
