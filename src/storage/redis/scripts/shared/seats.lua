-- Claims of several types in which groups take turns.

-- Gives types places one by one, beginning with that which was served longest ago, each no more than the gate has room for.
function turns.share(shares, limit, gate)
    local rates, given, round, is_more = {}, 0, 0, true
    while is_more and given < limit do
        round, is_more = round + 1, false
        for _, share in ipairs(shares) do
            local key = share.key
            local left = key and (rates[key] or gate.rates[key].room - gate.rates[key].count)
            if given < limit and share.places == round - 1 and share.places < #share.first and (not left or left > 0) then
                given, share.places, is_more = given + 1, round, true
                share.turn.served = shares.served + given
                if key then
                    rates[key] = left - 1
                end
            end
        end
    end
end

-- What a claim may take of each type, in the order in which they were served.
function turns.shares(types, count, budget, take, gate)
    local shares = { served = 0 }
    for at, job_type in ipairs(types) do
        local kind = gate and gate.kinds[job_type]
        local room = kind and kind[2] and math.min(kind[2] - kind[1], count) or count
        local kept = call('HGET', turns.of_type, job_type)
        local turn = kept and cmsgpack.unpack(kept) or { group = '', used = 0, places = 0, served = 0, behind = '' }
        local is_open = not gate or gate.has_room(job_type)
        shares[at] = { type = job_type, at = at, turn = turn, places = 0, before = turn.served }
        shares[at].key = kind and kind[3] and gate.rates[kind[3]] and kind[3]
        shares[at].first = is_open and turns.first(job_type, room, room, budget, take) or {}
        shares.served = math.max(shares.served, turn.served)
    end
    table.sort(shares, function(a, b) return a.before < b.before or (a.before == b.before and a.at < b.at) end)
    return shares
end

-- As `pick_ready`, but that groups take turns, of which some get more jobs in a turn, by their tiers. What a gate puts into line leaves
-- its place to others.
function turns.pick(types, limit, most, is_hidden, gate, weights)
    local next_due, more = promote_all(types)
    weights = cmsgpack.unpack(weights)
    local picked, taken, budget = {}, {}, { left = math.max(most, limit * (#types + 4)) }
    local function take(member)
        return not taken[member] and not (is_hidden and is_hidden(string.sub(member, -16))) and member
    end
    repeat
        local seats, shares = {}, turns.shares(types, limit - #picked, budget, take, gate)
        turns.share(shares, limit - #picked, gate)
        for order, share in ipairs(shares) do
            for _, seat in ipairs(share.places > 0 and turns.seat(share, weights, budget, take) or {}) do
                seats[#seats + 1] = { seat[1], order, share.type, seat[2] }
            end
        end
        table.sort(seats, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
        for _, seat in ipairs(seats) do
            local job_type, member = seat[3], seat[4]
            taken[member] = true
            if not gate or gate.turn(job_type, string.format('%d', string.sub(member, -16)), member) then
                picked[#picked + 1] = member
            end
        end
    until #seats == 0 or #picked >= limit or budget.left <= 0
    more = more or budget.left <= 0
    budget.left = math.max(budget.left, 1)
    for _, job_type in ipairs(types) do
        more = more or ((not gate or gate.has_room(job_type)) and turns.first(job_type, 1, #picked + 1, budget, take)[1] ~= nil)
    end
    return picked, next_due, more
end
