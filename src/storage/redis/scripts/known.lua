-- Which of these jobs do not exist. ARGV: origin, ids.
local ids, missing = { unpack(ARGV, 2) }, {}
for at, record in ipairs(fetch(JOBS, ids)) do
    if not record then
        missing[#missing + 1] = ids[at]
    end
end
return missing
