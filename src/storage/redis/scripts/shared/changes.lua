-- What a script changes is gathered and written once, by `commit`.
local changed, leaving, entering, ended = {}, {}, {}, {}
-- Notes for the histories: the job of each, its kind and what is told with it.
local noted, kinds, details = {}, {}, {}
local wake = false
-- Jobs that ran and do not run any more.
local vacated = {}
-- Whether the caller is to hear of it too.
local unforeseen = false

-- The jobs of these ids that exist, by id.
local function read_jobs(ids)
    local jobs = {}
    for at, record in ipairs(fetch(JOBS, ids)) do
        if record and not jobs[ids[at]] then
            jobs[ids[at]] = cmsgpack.unpack(record)
        end
    end
    return jobs
end

local function leave(key, member)
    local list = leaving[key]
    if not list then
        list = {}
        leaving[key] = list
    end
    list[#list + 1] = member
end

local function enter(key, score, member)
    local list = entering[key]
    if not list then
        list = {}
        entering[key] = list
    end
    list[#list + 1] = score
    list[#list + 1] = member
end

local function ready_member(id, job, due)
    return job[TYPE] .. '\0' .. string.format('%010d', 2147483647 - job[PRIORITY]) .. due .. wide(id)
end

local function later_member(id, job, due)
    return job[TYPE] .. '\0' .. due .. string.format('%010d', 2147483647 - job[PRIORITY]) .. wide(id)
end

-- Puts a job into the queue: among the claimable, or among those of later.
local function place(id, job, due)
    if due <= NOW_TEXT then
        enter(READY, '0', ready_member(id, job, due))
    else
        enter(LATER, '0', later_member(id, job, due))
    end
end

-- Takes a job out of the queue, if it stands in it.
local function displace(id, job)
    local due = job[STATUS] == 'p' and job[RUN_AT] or job[STATUS] == 'f' and job[NEXT_AT] or job[STATUS] == 'w' and job[WAIT_UNTIL]
    if due then
        leave(READY, ready_member(id, job, due))
        leave(LATER, later_member(id, job, due))
        if call('EXISTS', LINE) == 1 then
            local name = cmsgpack.unpack(call('HGET', EXTRAS, id) or '\128').group_id
            leave(LINE, (name or '') .. '\0' .. ready_member(id, job, due))
        end
    end
    if job[STATUS] == 'w' and job[WAIT_TOKEN] then
        leave(WAITS, job[WAIT_TOKEN] .. '\0' .. id)
    end
end

local function set_status(id, job, status)
    vacated[#vacated + 1] = job[STATUS] == 'r' and id or nil
    leave(BY_STATUS[job[STATUS]], id)
    enter(BY_STATUS[status], id, id)
    job[STATUS] = status
end

-- Notes a change of a job, to be kept with its history.
local function note(id, kind, metadata)
    local at = #noted + 1
    noted[at], kinds[at], details[at] = id, kind, metadata or ''
end
