-- What jobs are asked for: a MessagePack map of `statuses`, `types`, `priority`, bounds of `run_at`, `tags`, `mode`, `ids`, which are sorted.
local function set_of(list)
    local set = {}
    for _, value in ipairs(list) do set[value] = true end
    return set
end

local function lex_count(key, name)
    return call('ZLEXCOUNT', key, '[' .. name .. '\0', '(' .. name .. '\1')
end

-- The indexes to walk along, those that hold the fewest jobs, and how many they hold.
local function choose_arms(filter)
    if filter.ids then
        return { { ids = filter.ids } }, #filter.ids
    end
    local best, size
    local function offer(arms, count)
        if not best or count < size then
            best, size = arms, count
        end
    end
    local letters = filter.statuses or { 'p', 'r', 'c', 'f', 'x', 'w' }
    local arms, count = {}, 0
    for _, letter in ipairs(letters) do
        arms[#arms + 1] = { BY_STATUS[letter] }
        count = count + call('ZCARD', BY_STATUS[letter])
    end
    offer(arms, count)
    local function named(key, names)
        local found, sum = {}, 0
        for _, name in ipairs(names) do
            found[#found + 1] = { key, name }
            sum = sum + lex_count(key, name)
        end
        offer(found, sum)
    end
    if filter.types then
        named(TYPES, filter.types)
    end
    if filter.mode == 'any' then
        named(TAGS, filter.tags)
    elseif filter.mode == 'all' or filter.mode == 'exact' then
        for _, tag in ipairs(filter.tags) do
            named(TAGS, { tag })
        end
    end
    return best, size
end

local function tags_match(filter, tags)
    local has, asked = set_of(tags), filter.tags
    if filter.mode == 'exact' and #tags ~= #asked then
        return false
    end
    for _, tag in ipairs(asked) do
        if filter.mode == 'any' and has[tag] then
            return true
        elseif filter.mode == 'none' and has[tag] then
            return false
        elseif (filter.mode == 'all' or filter.mode == 'exact') and not has[tag] then
            return false
        end
    end
    return filter.mode ~= 'any'
end

-- A test whether a job meets every condition.
local function test_of(filter)
    local statuses = filter.statuses and set_of(filter.statuses)
    local types = filter.types and set_of(filter.types)
    return function(job)
        local run_at = job[RUN_AT]
        return (not statuses or statuses[job[STATUS]]) and (not types or types[job[TYPE]])
            and (not filter.priority or job[PRIORITY] == filter.priority)
            and (not filter.gt or run_at > filter.gt) and (not filter.gte or run_at >= filter.gte)
            and (not filter.lt or run_at < filter.lt) and (not filter.lte or run_at <= filter.lte)
            and (not filter.eq or run_at == filter.eq)
            and (not filter.mode or tags_match(filter, job[JOB_TAGS] or {}))
    end
end

-- How many conditions there are.
local function conditions_of(filter)
    local count = 0
    for _, name in ipairs({ 'statuses', 'types', 'priority', 'gt', 'gte', 'lt', 'lte', 'eq', 'mode', 'ids' }) do
        count = count + (filter[name] and 1 or 0)
    end
    return count
end
