-- Groups by id. ARGV: origin, the id behind which they begin, how many. Answers, packed: the time, and of each its id, how many of its jobs run,
-- how many may or false, whether it is paused, when its line goes on or false, its rate or false, and how many jobs stand in its line.
local names, answer = {}, {}
for _, name in ipairs(call('HKEYS', GROUPS)) do
    names[#names + 1] = name > ARGV[2] and name or nil
end
table.sort(names)
for at = 1, math.min(#names, tonumber(ARGV[3])) do
    local name = names[at]
    local group = cmsgpack.unpack(call('HGET', GROUPS, name))
    answer[at] = {
        name, group[1], group[2] or false, group[3], tonumber(call('ZSCORE', KEYS[44], name) or nil) or false, group[4] or false,
        call('ZLEXCOUNT', LINE, '[' .. name .. '\0', '(' .. name .. '\1'),
    }
end
return cmsgpack.pack({ NOW, answer })
