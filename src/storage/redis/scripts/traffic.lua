-- The newest rows of a span. ARGV: origin, step in seconds, span in seconds, whether one type is asked for, that type, limit.
-- Answers the time, then the name and the numbers of each row.
local step = tonumber(ARGV[2])
local newest, oldest = math.floor(time[1] / step), math.floor((time[1] - ARGV[3]) / step)
local fields = {}
if ARGV[4] == '1' then
    for place = newest, math.max(oldest, newest - ARGV[6] + 1), -1 do
        fields[#fields + 1] = string.format('%d:%d:%s', step, place * step, ARGV[5])
    end
else
    fields = call('ZREVRANGEBYSCORE', TRAFFIC_AT, newest, oldest, 'LIMIT', 0, ARGV[6])
end
local answer = { string.format('%d', NOW) }
for at, numbers in ipairs(fetch(TRAFFIC, fields)) do
    if numbers then
        answer[#answer + 1], answer[#answer + 2] = fields[at], numbers
    end
end
return answer
