-- One step through the tokens from the newest on. ARGV: origin, the state that is asked for or empty, the token behind which to begin or empty, how
-- many to look at. Answers the last that was looked at, empty at the end and false where there is none of that name, and those of the state.
local state, after, count = ARGV[2], ARGV[3], tonumber(ARGV[4])
local from, found = '+inf', {}
if after ~= '' then
    from = call('ZSCORE', MINTED, after)
    if not from then
        return { false }
    end
    -- Of those that were made at the same moment, which are few, the ones with a smaller name.
    for _, id in ipairs(call('ZREVRANGEBYSCORE', MINTED, from, from)) do
        found[#found + 1] = id < after and id or nil
    end
    from = '(' .. from
end
local more = call('ZREVRANGEBYSCORE', MINTED, from, '-inf', 'LIMIT', 0, count)
for _, id in ipairs(more) do
    found[#found + 1] = id
end
local answer = { #more == count and found[#found] or '' }
for _, id in ipairs(found) do
    local token = read_token(id)
    local is = token and (token[STATE] == 'w' and not is_open(token) and 't' or token[STATE])
    answer[#answer + 1] = token and (state == '' or state == is) and id or nil
end
return answer
