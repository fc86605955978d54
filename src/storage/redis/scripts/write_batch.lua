-- Writes jobs of a large batch as its caller put them together; 0 if the batch was given up.
-- ARGV: origin, first id of the batch, how many arguments there are of each kind, and these, one kind after the other.
local batch = call('HGET', BATCHES, ARGV[2])
if not batch then
    return 0
end
local at = 10

local function put(command, key, count)
    local new, behind = 0, at + tonumber(count)
    while at < behind do
        local till = math.min(at + SLICE, behind)
        new = new + call(command, key, unpack(ARGV, at, till - 1))
        at = till
    end
    return new
end

local new = put('HSET', JOBS, ARGV[3])
put('HSET', PAYLOADS, ARGV[4])
put('ZADD', PENDING, ARGV[5])
put('ZADD', TYPES, ARGV[6])
put('ZADD', TAGS, ARGV[7])
put('ZADD', READY, ARGV[8])
put('ZADD', LATER, ARGV[9])
local last, _, written = string.match(batch, '^(%d+),(%d+),(%d+)$')
call('HSET', BATCHES, ARGV[2], string.format('%s,%d,%d', last, NOW + 600000000, written + new))
return 1
