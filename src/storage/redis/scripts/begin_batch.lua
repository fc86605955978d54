-- Reserves ids for a large batch, whose jobs stay hidden until it is opened. ARGV: origin, how many jobs.
local count = tonumber(ARGV[2])
local last = call('HINCRBY', META, 'id', count)
local first = string.format('%.0f', last - count + 1)
call('HSET', BATCHES, first, string.format('%.0f,%.0f,0', last, NOW + 600000000))
return first
