-- Tells those who wait for the end of a job.
local function tell_watchers()
    if call('HLEN', WATCHERS) == 0 then
        return
    end
    local told = {}
    for at, watched in ipairs(fetch(WATCHERS, ended)) do
        if watched then
            told[#told + 1] = ended[at]
        end
    end
    if #told > 0 then
        many('HDEL', WATCHERS, told)
        call('PUBLISH', META .. ':ended', table.concat(told, ','))
    end
end

-- What becomes ready or is ready no more stands in turn, or does no more.
function turns.follow()
    for _, place in ipairs(turns.places(leaving[READY] or {}, 1)) do
        leave(turns.standing, place)
    end
    for _, place in ipairs(turns.places(entering[READY] or {}, 2)) do
        enter(turns.standing, '0', place)
    end
end

-- Writes what was gathered, and answers the records of what changed, by id. What leaves a sorted set leaves before
-- anything enters it.
local function commit()
    if #vacated > 0 and is_limited() then
        free(vacated)
    end
    if #ended > 0 then
        resume_after_ends()
    end
    if #noted > 0 then
        write_events()
    end
    if (leaving[READY] or entering[READY]) and turns.are_kept() then
        turns.follow()
    end
    local records, packed = {}, {}
    for id, job in pairs(changed) do
        packed[id] = cmsgpack.pack(job)
        records[#records + 1] = id
        records[#records + 1] = packed[id]
    end
    many('HSET', JOBS, records)
    for key, members in pairs(leaving) do
        many('ZREM', key, members)
    end
    for key, pairs_of in pairs(entering) do
        many('ZADD', key, pairs_of)
    end
    if #ended > 0 then
        tell_watchers()
    end
    if wake then
        -- Of what was resumed the caller hears too: it cannot know.
        call('PUBLISH', META .. ':wake', (resumed > 0 or unforeseen) and '' or ORIGIN)
    end
    return packed
end
