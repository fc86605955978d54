-- What a claim answers of its jobs, in seven values each, from the sixth on.
local function tell_claimed(answer, ids, jobs, records, extras)
    local large, places = {}, {}
    for _, id in ipairs(ids) do
        local from = #answer
        answer[from + 1], answer[from + 2], answer[from + 3] = id, records[id], false
        answer[from + 4], answer[from + 5], answer[from + 6], answer[from + 7] = false, false, false, extras[id] or false
        if not jobs[id][PAYLOAD] then
            large[#large + 1], places[#places + 1] = id, from
        end
    end
    for at, payload in ipairs(fetch(PAYLOADS, large)) do
        answer[places[at] + 3] = payload
    end
end

-- What is kept of what jobs did before, of those that may have done something.
local function tell_earlier(answer, retried)
    if #retried == 0 then
        return
    end
    local at_of = {}
    for at, id in ipairs(retried) do
        at_of[id] = at
    end
    local outputs, errors, steps = fetch(OUTPUTS, retried), fetch(ERRORS, retried), fetch(STEPS, retried)
    for from = 5, #answer - 7, 7 do
        local at = at_of[answer[from + 1]]
        if at then
            answer[from + 4], answer[from + 5], answer[from + 6] = outputs[at], errors[at], steps[at]
        end
    end
end
