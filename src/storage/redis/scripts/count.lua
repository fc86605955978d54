-- How many jobs match, where an index knows it; -1 where they must be looked at. ARGV: origin, filter.
local filter = cmsgpack.unpack(ARGV[2])
local is_hidden, hidden = hidden_jobs()
local conditions = conditions_of(filter)
local _, size, ensures = choose_arms(filter)
if conditions == 0 then
    return size - hidden
elseif is_hidden or conditions > 1 then
    return -1
elseif filter.statuses or filter.types then
    return ensures == 'types' and size or filter.statuses and size or -1
elseif (filter.mode == 'any' or filter.mode == 'all') and #filter.tags == 1 then
    return lex_count(TAGS, filter.tags[1])
end
return -1
