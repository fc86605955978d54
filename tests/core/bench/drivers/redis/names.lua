-- The keys that name a job. ARGV: origin, job.
local found, id, sorted = {}, ARGV[2], wide(ARGV[2])
for _, key in ipairs({ JOBS, PAYLOADS, OUTPUTS, ERRORS, STEPS, EVENTS, WATCHERS, EXTRAS }) do
    if call('HEXISTS', key, id) == 1 then
        found[#found + 1] = key
    end
end
for _, key in ipairs({ PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED, WAITING, TERMS }) do
    if call('ZSCORE', key, id) then
        found[#found + 1] = key
    end
end
for _, key in ipairs({ TYPES, TAGS, READY, LATER }) do
    for _, member in ipairs(call('ZRANGE', key, 0, -1)) do
        if string.sub(member, -16) == sorted then
            found[#found + 1] = key
        end
    end
end
for _, holder in ipairs(call('HVALS', HOLDERS)) do
    if holder == id then
        found[#found + 1] = HOLDERS
    end
end
return found
