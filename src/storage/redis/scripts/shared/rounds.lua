-- The order of a claim in which groups take turns.

-- Goes round the groups of a type from the one on whose turn it is, until there are `count` jobs or no group has one left.
function turns.by_turns(job_type, turn, weights, count, budget, take)
    local ring, seen, jobs, start, used, name, is_round, number = {}, {}, {}, turn.group, turn.used, nil, false, 1
    local function look(from)
        local place = call('ZRANGEBYLEX', turns.standing, '[' .. job_type .. '\0' .. from, '(' .. job_type .. '\1', 'LIMIT', 0, 1)[1]
        name = place and string.match(string.sub(place, #job_type + 2), '^([^%z]*)')
        if not name and not is_round then
            is_round = true
            return look('')
        end
        name = name and not seen[name] and name
    end
    look(start)
    while #jobs < count do
        if number > #ring and name then
            ring[number], seen[name] = turns.queue(job_type, name, weights, budget, take), true
            look(name .. '\1')
        end
        local queue = ring[number]
        if queue then
            local got = queue.group == start and math.min(used, queue.weight) or 0
            used = queue.group == start and 0 or used
            while queue.head and got < queue.weight and #jobs < count do
                jobs[#jobs + 1], got = queue.head, got + 1
                queue.head = queue.read()
                turn.group, turn.used = queue.group, got
            end
            number = number + 1
        else
            for at = #ring, 1, -1 do
                if not ring[at].head then
                    table.remove(ring, at)
                end
            end
            if #ring == 0 then
                break
            end
            number = 1
        end
    end
    return jobs
end

-- The jobs of a type that get its places, as pairs of a place and a job; keeps whose turn is next.
function turns.seat(share, weights, budget, take)
    local turn, seats, seated, others = share.turn, {}, {}, nil
    local beat = turn.places % turns.EVERY
    local oldest = turns.oldest(share.type, turn, math.floor((beat + share.places) / turns.EVERY), budget, take)
    for at, member in ipairs(oldest) do
        seats[at], seated[member] = { turns.EVERY * at - beat, member }, true
    end
    others = turns.by_turns(share.type, turn, weights, share.places - #oldest, budget, function(member)
        return not seated[member] and take(member)
    end)
    for _, member in ipairs(others) do
        seated[member] = true
    end
    for at = 1, share.places do
        local member = share.first[at]
        if #others < share.places - #oldest and not seated[member] then
            others[#others + 1] = member
        end
    end
    for at, member in ipairs(others) do
        seats[#seats + 1] = { at + math.floor((at - 1 + beat) / (turns.EVERY - 1)), member }
    end
    turn.places = turn.places + share.places
    call('HSET', turns.of_type, share.type, cmsgpack.pack(turn))
    return seats
end
