-- Jobs of a large batch are not there until all of it is stored. Answers a test for their ids, or nil where no such
-- batch is under way, and how many such jobs there are.
local function hidden_jobs()
    if call('HLEN', BATCHES) == 0 then
        return nil, 0
    end
    local ranges, written = {}, 0
    local fields = call('HGETALL', BATCHES)
    for at = 1, #fields, 2 do
        local last, _, count = string.match(fields[at + 1], '^(%d+),(%d+),(%d+)$')
        ranges[#ranges + 1] = { tonumber(fields[at]), tonumber(last) }
        written = written + count
    end
    return function(id)
        id = tonumber(id)
        for _, range in ipairs(ranges) do
            if range[1] <= id and id <= range[2] then
                return true
            end
        end
        return false
    end, written
end
