-- Deletes rows of a step that are older than they are kept. ARGV: origin, step in seconds, how long they are kept, limit. Answers
-- how many.
local step = tonumber(ARGV[2])
local from = step == 60 and string.format('(%d', HOURS_END) or '-inf'
local before = string.format('(%d', math.floor((time[1] - ARGV[3]) / step))
local gone = call('ZRANGEBYSCORE', TRAFFIC_AT, from, before, 'LIMIT', 0, ARGV[4])
many('HDEL', TRAFFIC, gone)
many('ZREM', TRAFFIC_AT, gone)
return #gone
