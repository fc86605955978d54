-- The types of jobs that may be claimed, now or later: skips from type to type. ARGV: origin.
local seen, types = {}, {}
for _, key in ipairs({ READY, LATER }) do
    local from = '-'
    while #types < 10000 do
        local member = call('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, 1)[1]
        if not member then
            break
        end
        local job_type = string.match(member, '^(%Z*)%z')
        if not seen[job_type] then
            seen[job_type] = true
            types[#types + 1] = job_type
        end
        from = '(' .. job_type .. '\1'
    end
end
return types
