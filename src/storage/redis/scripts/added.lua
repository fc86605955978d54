-- The first events of jobs that a large batch added. ARGV: origin, first and last id. Answers ids, and an event behind each.
local ids = {}
for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
    ids[#ids + 1] = string.format('%d', number)
end
local answer, older = {}, fetch(EVENTS, ids)
for at, record in ipairs(fetch(JOBS, ids)) do
    local history = record and (older[at] or '') .. cmsgpack.unpack(record)[HISTORY] or ''
    local _, head, length = string.find(history, '^a%d+,%d+,(%d+),')
    if head then
        answer[#answer + 1] = ids[at]
        answer[#answer + 1] = string.sub(history, 1, head + length)
    end
end
return answer
