-- One step through the tokens that were made before they were kept in the order of their making. ARGV: origin, cursor, how many. Answers the next
-- cursor, 0 at the end, which is noted.
local scanned = call('HSCAN', TOKENS, ARGV[2], 'COUNT', ARGV[3])
for at = 1, #scanned[2], 2 do
    if not string.match(scanned[2][at], '^j%d+$') then
        call('ZADD', MINTED, string.format('%d', cmsgpack.unpack(scanned[2][at + 1])[MADE_AT]), scanned[2][at])
    end
end
if scanned[1] == '0' then
    call('HSET', META, 'minted', '1')
end
return scanned[1]
