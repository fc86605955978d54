-- Cancels jobs that are upcoming or wait. ARGV: origin, ids. Answers how many.
local ids, count = { unpack(ARGV, 2) }, 0
for id, job in pairs(read_jobs(ids)) do
    local status = job[STATUS]
    if status == 'p' or status == 'w' or (status == 'f' and job[NEXT_AT]) then
        displace(id, job)
        set_status(id, job, 'x')
        job[CANCELLED_AT], job[UPDATED_AT], job[NEXT_AT], job[WAIT_UNTIL], job[WAIT_TOKEN] = NOW, NOW, false, false, false
        changed[id] = job
        note(id, 'x')
        ended[#ended + 1] = id
        count = count + 1
    end
end
commit()
return count
