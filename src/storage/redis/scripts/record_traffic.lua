-- Adds what a worker did to the minute and the hour that it is, unless the same report or a later one was recorded. ARGV: origin,
-- worker, number of the report, then a type and its numbers for each. Answers 0 if the worker is not registered.
local registered = call('HGET', WORKERS, ARGV[2])
if not registered then
    return 0
end
local entry, number = cmsgpack.unpack(registered), tonumber(ARGV[3])
if (entry[7] or 0) >= number then
    return 1
end
entry[5], entry[6], entry[7] = entry[5] or false, entry[6] or false, number
call('HSET', WORKERS, ARGV[2], cmsgpack.pack(entry))
for _, step in ipairs({ 60, 3600 }) do
    local place = math.floor(time[1] / step)
    for at = 4, #ARGV, 2 do
        local field = string.format('%d:%d:%s', step, place * step, ARGV[at])
        local kept, sums = {}, {}
        for text in string.gmatch(call('HGET', TRAFFIC, field) or '', '%d+') do
            kept[#kept + 1] = tonumber(text)
        end
        for text in string.gmatch(ARGV[at + 1], '%d+') do
            sums[#sums + 1] = string.format('%.0f', tonumber(text) + (kept[#sums + 1] or 0))
        end
        -- A later version may keep more numbers than this one knows.
        for rest = #sums + 1, #kept do
            sums[rest] = string.format('%.0f', kept[rest])
        end
        call('HSET', TRAFFIC, field, table.concat(sums, ' '))
        call('ZADD', TRAFFIC_AT, place, field)
    end
end
return 1
