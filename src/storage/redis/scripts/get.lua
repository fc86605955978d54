-- Reads jobs. ARGV: origin, ids. Answers seven values for each that exists: id, record, payload where it is not in the record,
-- output, errors, steps, extras.
local ids = { unpack(ARGV, 2) }
local records, payloads, outputs = fetch(JOBS, ids), fetch(PAYLOADS, ids), fetch(OUTPUTS, ids)
local errors, steps, extras, answer = fetch(ERRORS, ids), fetch(STEPS, ids), fetch(EXTRAS, ids), {}
for at, id in ipairs(ids) do
    if records[at] then
        local from = #answer
        answer[from + 1], answer[from + 2], answer[from + 3] = id, records[at], payloads[at]
        answer[from + 4], answer[from + 5], answer[from + 6] = outputs[at], errors[at], steps[at]
        answer[from + 7] = extras[at]
    end
end
return answer
