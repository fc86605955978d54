-- Puts failed and cancelled jobs back into the queue, with one more attempt if theirs were spent. ARGV: origin, ids.
-- Answers how many.
local ids, count = { unpack(ARGV, 2) }, 0
for id, job in pairs(read_jobs(ids)) do
    if job[STATUS] == 'f' or job[STATUS] == 'x' then
        displace(id, job)
        set_status(id, job, 'p')
        job[RUN_AT], job[UPDATED_AT], job[RETRIED_AT] = NOW_TEXT, NOW, NOW
        job[NEXT_AT], job[REASON], job[COMPLETED_AT], job[CRASHES], job[CANCEL_AT] = false, false, false, 0, nil
        if job[ATTEMPTS] >= job[MAX_ATTEMPTS] then
            job[MAX_ATTEMPTS] = job[ATTEMPTS] + 1
        end
        place(id, job, NOW_TEXT)
        changed[id] = job
        note(id, 'r')
        count = count + 1
        wake = true
    end
end
commit()
return count
