-- Forgets kinds whose job is gone, one step through the hash. ARGV: origin, where to go on or empty, how many to look at. Answers where
-- the next step goes on, 0 at the end.
local found = call('HSCAN', UNIQUE, ARGV[2] == '' and '0' or ARGV[2], 'COUNT', ARGV[3])
local fields, ids = found[2], {}
for at = 2, #fields, 2 do
    ids[#ids + 1] = string.match(fields[at], '^%d+')
end
local records, void = fetch(JOBS, ids), {}
for at = 1, #ids do
    local till = tonumber(string.match(fields[2 * at], ',(%d+)$') or 0)
    if not records[at] and till <= NOW then
        void[#void + 1] = fields[2 * at - 1]
    end
end
many('HDEL', UNIQUE, void)
return found[1]
