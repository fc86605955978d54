-- Reads the feed of events, which it begins where nobody reads yet. ARGV: origin, the entry to begin with, or empty for none, how many,
-- and for how long in milliseconds the feed is kept when nobody reads any more. Answers its first and last entry, and those asked for.
if not is_read() then
    -- Of a feed that begins it is told behind which event. It begins behind all entries of one that was here before, even if that
    -- was in this very millisecond: whoever read that one is told of the gap.
    local time = call('TIME')
    feed_entry('h', call('HGET', META, 'event') or '0', string.format('%d-0', time[1] * 1000 + math.floor(time[2] / 1000) + 1))
end
call('PEXPIRE', FEED, ARGV[4])
local first, last = call('XRANGE', FEED, '-', '+', 'COUNT', 1), call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)
local entries = ARGV[2] ~= '' and call('XRANGE', FEED, ARGV[2], '+', 'COUNT', ARGV[3]) or {}
return { first, last, entries }
