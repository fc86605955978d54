-- How many jobs match, where an index knows it; -1 where they must be looked at. ARGV: origin, filter.
local filter = cmsgpack.unpack(ARGV[2])
local is_hidden, hidden = hidden_jobs()
local conditions = conditions_of(filter)
local _, size = choose_arms(filter)
if conditions == 0 then
    return size - hidden
elseif is_hidden or conditions > 1 or filter.ids then
    return -1
elseif filter.statuses then
    return size
elseif filter.types then
    local count = 0
    for _, job_type in ipairs(filter.types) do
        count = count + lex_count(TYPES, job_type)
    end
    return count
elseif (filter.mode == 'any' or filter.mode == 'all') and #filter.tags == 1 then
    return lex_count(TAGS, filter.tags[1])
end
return -1
