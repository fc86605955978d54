-- Moves what is kept of traffic into the past. ARGV: the step in seconds, how many seconds.
local step = ARGV[1]
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local at, rest = string.match(field, '^' .. step .. ':(%d+)(:.*)$')
    if at then
        local moved = string.format('%s:%d%s', step, at - ARGV[2], rest)
        redis.call('HSET', KEYS[1], moved, redis.call('HGET', KEYS[1], field))
        redis.call('HDEL', KEYS[1], field)
        redis.call('ZREM', KEYS[2], field)
        redis.call('ZADD', KEYS[2], (at - ARGV[2]) / step, moved)
    end
end
