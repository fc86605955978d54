-- Looks whether the keys are ours, and sets the layout's version where there is none yet or an older one: each version adds keys
-- to the one before. ARGV: origin, version, the newest version up to it that libraries which do not know it cannot work with.
-- Answers the version, a sentence about a key that holds something else, the newest version of that kind, and whether all tokens stand in
-- the order of their making.
local SORTS = {
    'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'zset', 'zset', 'zset', 'zset', 'zset', 'zset',
    'zset', 'zset', 'zset', 'zset', 'hash', 'zset', 'set', 'hash', 'hash', 'hash', 'zset', 'zset', 'hash', 'zset', 'hash', 'zset',
    'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'zset', 'zset', 'hash', 'stream', 'hash',
    'hash', 'zset', 'zset', 'hash', 'zset', 'hash', 'zset',
}
-- Ids are written as the server's own whole numbers.
if string.format('%d', 1099511627776) ~= '1099511627776' then
    return redis.error_reply('ERR this server counts in 32 bits: a queue needs one that was built for 64')
end
for at, key in ipairs(KEYS) do
    local kind = call('TYPE', key).ok
    if kind ~= 'none' and kind ~= SORTS[at] then
        return { 0, key .. ' is a ' .. kind .. ' and should be a ' .. SORTS[at], 0, 1 }
    end
end
local version = call('HGET', META, 'version')
if not version or tonumber(version) < tonumber(ARGV[2]) then
    -- Only where it is needed: at its `maxmemory` the server refuses it, and what is there must be cleaned up even then.
    version = ARGV[2]
    call('HSET', META, 'version', version, 'breaking', ARGV[3])
end
return { tonumber(version), '', tonumber(call('HGET', META, 'breaking') or 0), call('HEXISTS', META, 'minted') }
