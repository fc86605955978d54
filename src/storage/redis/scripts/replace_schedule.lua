-- Changes a schedule that is still as it was read. ARGV: origin, id, when it was last changed, record. Answers whether it did.
local before = read_schedule(ARGV[2])
if not before or before[CHANGED_AT] ~= tonumber(ARGV[3]) then
    return 0
end
local schedule = cmsgpack.unpack(ARGV[4])
for _, kept in ipairs({ ENQUEUED_AT, LAST_JOB, SCHEDULED_AT }) do
    schedule[kept] = before[kept]
end
schedule[CHANGED_AT] = math.max(NOW, before[CHANGED_AT] + 1)
keep_schedule(ARGV[2], before, schedule)
call('PUBLISH', META .. ':wake', ORIGIN)
return 1
