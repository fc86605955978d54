-- One step of a search by id. ARGV: origin, filter, 1 for upwards, cursor or empty, jobs to look at.
-- Answers the cursor of the next step, empty at the end, and the ids that match.
local filter, upwards, cursor = cmsgpack.unpack(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4])
local arms = choose_arms(filter)
local ids, is_last = walk(arms, upwards, cursor, tonumber(ARGV[5]))
local is_hidden = hidden_jobs()
local answer = { is_last and '' or ids[#ids] }
if conditions_of(filter) == 0 then
    for _, id in ipairs(ids) do
        if not (is_hidden and is_hidden(id)) then
            answer[#answer + 1] = id
        end
    end
    return answer
end
local jobs, matches = read_jobs(ids), test_of(filter)
for _, id in ipairs(ids) do
    if jobs[id] and matches(jobs[id]) and not (is_hidden and is_hidden(id)) then
        answer[#answer + 1] = id
    end
end
return answer
