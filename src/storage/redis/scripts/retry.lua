-- Puts failed and cancelled jobs back into the queue, with one more attempt if theirs were spent. ARGV: origin, when the first is due
-- unless that is over or empty: then now; how long after it each of the others is, both in microseconds; ids. Answers which, and
-- when one more would be due.
local due, every, ids, retried = math.max(tonumber(ARGV[2]) or NOW, NOW), tonumber(ARGV[3]), { unpack(ARGV, 4) }, {}
local jobs = read_jobs(ids)
for _, id in ipairs(ids) do
    local job = jobs[id]
    if job and (job[STATUS] == 'f' or job[STATUS] == 'x') then
        displace(id, job)
        set_status(id, job, 'p')
        move_expiry(id, job[RUN_AT], from_now(due - NOW))
        job[RUN_AT], job[UPDATED_AT], job[RETRIED_AT] = from_now(due - NOW), NOW, NOW
        job[NEXT_AT], job[REASON], job[COMPLETED_AT], job[CRASHES], job[CANCEL_AT] = false, false, false, 0, nil
        if job[ATTEMPTS] >= job[MAX_ATTEMPTS] then
            job[MAX_ATTEMPTS] = job[ATTEMPTS] + 1
        end
        forget_extras(id, { 'reason', 'dead_lettered_at', 'dead_letter_job_id' })
        changed[id] = job
        local extras = read_extras(id)
        if extras.waits_for then
            keep_extra(id, 'again', true)
            bind(id, job, extras.depends_on_job_ids, extras.waits_for, true)
        else
            place(id, job, job[RUN_AT])
        end
        note(id, 'r')
        due = due + every
        retried[#retried + 1] = id
        wake = true
    end
end
commit()
return { retried, string.format('%d', due) }
