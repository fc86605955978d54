-- Jobs that wait for one before they run, by growing id. ARGV: origin, job, how many.
local key, ids = 'job:' .. ARGV[2], {}
for at, member in ipairs(call('ZRANGEBYLEX', WAITS, '[' .. key .. '\0', '[' .. key .. '\0\255', 'LIMIT', 0, 10000)) do
    ids[at] = string.sub(member, #key + 2)
end
local found = {}
for at, open in ipairs(fetch(BLOCKED, ids)) do
    found[#found + 1] = open and tonumber(ids[at]) or nil
end
table.sort(found)
return { unpack(found, 1, math.min(#found, tonumber(ARGV[3]), 7000)) }
