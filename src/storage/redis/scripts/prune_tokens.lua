-- Deletes tokens of no job that were over for long. ARGV: origin, age in microseconds, limit. Answers how many.
local cutoff = string.format('-%d', NOW - ARGV[2])
local gone = call('ZRANGEBYSCORE', EXPIRING, cutoff, '(0', 'LIMIT', 0, ARGV[3])
many('HDEL', TOKENS, gone)
many('ZREM', EXPIRING, gone)
many('ZREM', MINTED, gone)
return #gone
