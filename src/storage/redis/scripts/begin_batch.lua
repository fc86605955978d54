-- Reserves ids for a large batch, whose jobs stay hidden until it is opened. ARGV: origin, how many jobs.
-- Answers its first id, the id of the first event, and the time at which its jobs are new.
local count = tonumber(ARGV[2])
local last = call('HINCRBY', META, 'id', count)
local event = call('HINCRBY', META, 'event', count)
local first = last - count + 1
call('HSET', BATCHES, string.format('%d', first), string.format('%d,%d,0', last, NOW + 600000000))
return { first, event - count + 1, NOW }
