-- Looks for what is to be done. ARGV: origin, worker, then the types of jobs to look for. Answers whether there are any, the
-- microseconds until there may be jobs or batches of others to take back or -1, whether waits, schedules and the terms of jobs
-- are due.
local jobs = ARGV[3] and call('ZCOUNT', KEYS[44], '-inf', string.format('%d', NOW)) > 0 and 1 or 0
for at = 3, #ARGV do
    local first, behind = '[' .. ARGV[at] .. '\0', '(' .. ARGV[at] .. '\1'
    local due = '(' .. ARGV[at] .. '\0' .. NOW_TEXT .. ':'
    if call('ZRANGEBYLEX', READY, first, behind, 'LIMIT', 0, 1)[1]
        or call('ZRANGEBYLEX', LATER, first, due, 'LIMIT', 0, 1)[1] then
        jobs = 1
        break
    end
end

local wait = call('SCARD', ORPHANS) > 0 and 0 or nil
local function no_later_than(at)
    local left = math.max(at - NOW, 0)
    wait = wait and math.min(wait, left) or left
end
local workers = call('ZRANGE', EXPIRY, 0, 1, 'WITHSCORES')
for at = 1, #workers, 2 do
    if workers[at] ~= ARGV[2] then
        no_later_than(tonumber(workers[at + 1]))
    end
end
local batches = call('HGETALL', BATCHES)
for at = 1, #batches, 2 do
    no_later_than(tonumber(string.match(batches[at + 1], '^%d+,(%d+),')))
end

local late = call('ZCOUNT', EXPIRING, '0', string.format('%d', NOW)) > 0
local waits = (late or call('ZCARD', WAITS) > 0 or call('HLEN', BLOCKED) > 0) and 1 or 0
local tick = call('ZRANGEBYLEX', SCHEDULES_DUE, '-', '(' .. NOW_TEXT .. ':', 'LIMIT', 0, 1)[1]
local term = call('ZRANGEBYSCORE', TERMS, '-inf', string.format('%d', NOW), 'LIMIT', 0, 1)[1]
return { jobs, wait or -1, waits, tick and 1 or 0, term and 1 or 0 }
