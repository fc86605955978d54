-- Reads a page of the schedules whose tick has come. ARGV: origin, the entry that it begins behind or empty, how many. Answers
-- the time and the next tick of any or empty, then three values for each: id, tick, record.
local first = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local due = call('ZRANGEBYLEX', SCHEDULES_DUE, first, '(' .. NOW_TEXT .. ':', 'LIMIT', 0, ARGV[3])
local coming = call('ZRANGEBYLEX', SCHEDULES_DUE, '[' .. NOW_TEXT .. ':', '+', 'LIMIT', 0, 1)[1]
local ids = {}
for at, entry in ipairs(due) do
    ids[at] = string.format('%d', tonumber(string.sub(entry, 19)))
end
local answer = { NOW_TEXT, coming and string.sub(coming, 1, 18) or '' }
for at, record in ipairs(fetch(SCHEDULES, ids)) do
    local from = #answer
    answer[from + 1], answer[from + 2], answer[from + 3] = ids[at], string.sub(due[at], 1, 18), record or ''
end
return answer
