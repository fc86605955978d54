-- Jobs that wait for others before they run stand among those that wait for `job:<id>`, and in a hash, by how many jobs they wait for;
-- one that waits for tags waits for some job that has them, and that is told there as `t<id>`.

-- How many of them one script releases or cancels at most: what is left a sweep finds.
local budget = 10000

local function ending_of(id)
    local job = changed[id] or read_jobs({ id })[id]
    local status = job and job[STATUS] or 'c'
    return (status == 'c' or status == 'x' or (status == 'f' and not job[NEXT_AT])) and status
end

-- Lets a job wait for nothing any more.
local function unbind(id)
    local kept = call('HGET', BLOCKED, id)
    if not kept then
        return
    end
    call('HDEL', BLOCKED, id)
    if string.sub(kept, 1, 1) == 't' then
        leave(WAITS, 'job:' .. string.sub(kept, 2) .. '\0' .. id)
        return
    end
    for _, prerequisite in ipairs(read_extras(id).depends_on_job_ids or {}) do
        leave(WAITS, string.format('job:%d', prerequisite) .. '\0' .. id)
    end
end

-- The newest job but one that has all of the tags and has not ended, of those that have one of them or of those that may not have ended,
-- whichever are fewer.
local function find_witness(id, tags)
    local function is_meant(other, job)
        local has = {}
        for _, tag in ipairs(job and job[JOB_TAGS] or {}) do
            has[tag] = true
        end
        for _, tag in ipairs(tags) do
            if not has[tag] then
                return false
            end
        end
        return other ~= id and not ending_of(other)
    end
    local function search(command, key, first, last, name)
        for from = 0, math.huge, 200 do
            local ids = call(command, key, first, last, 'LIMIT', from, 200)
            for at, member in ipairs(ids) do
                ids[at] = name and string.format('%d', string.sub(member, -16)) or member
            end
            local jobs = read_jobs(ids)
            for _, other in ipairs(ids) do
                if is_meant(other, changed[other] or jobs[other]) then
                    return other
                end
            end
            if #ids < 200 then
                return
            end
        end
    end
    local open, rarest, count = 0, nil, nil
    for _, letter in ipairs({ 'p', 'r', 'w', 'f' }) do
        open = open + call('ZCARD', BY_STATUS[letter])
    end
    for _, tag in ipairs(tags) do
        local number = call('ZLEXCOUNT', TAGS, '[' .. tag .. '\0', '(' .. tag .. '\1')
        if not count or number < count then
            rarest, count = tag, number
        end
    end
    if count <= open then
        return search('ZREVRANGEBYLEX', TAGS, '(' .. rarest .. '\1', '[' .. rarest .. '\0', rarest)
    end
    for _, letter in ipairs({ 'p', 'r', 'w', 'f' }) do
        local found = search('ZREVRANGEBYSCORE', BY_STATUS[letter], '+inf', '-inf')
        if found then
            return found
        end
    end
end
