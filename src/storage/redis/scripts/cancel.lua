-- Cancels jobs that are upcoming or wait. ARGV: origin, whether to ask for it where they run, ids. Answers which were
-- cancelled, and how many it was asked for.
local ids, cancelled, asked = { unpack(ARGV, 3) }, {}, 0
for id, job in pairs(read_jobs(ids)) do
    local status = job[STATUS]
    if status == 'p' or status == 'w' or (status == 'f' and job[NEXT_AT]) then
        displace(id, job)
        if job[WHY_PENDING] then
            unbind(id)
            job[WHY_PENDING] = false
        end
        set_status(id, job, 'x')
        job[CANCELLED_AT], job[UPDATED_AT], job[NEXT_AT], job[WAIT_UNTIL], job[WAIT_TOKEN] = NOW, NOW, false, false, false
        changed[id] = job
        note(id, 'x')
        ended[#ended + 1] = id
        cancelled[#cancelled + 1] = id
    elseif status == 'r' and ARGV[2] == '1' and not job[CANCEL_AT] then
        job[CANCEL_AT], job[UPDATED_AT] = NOW, NOW
        changed[id] = job
        local worker = string.format('%d', job[WORKER])
        local kept = call('HGET', WORKERS, worker)
        if kept then
            -- The worker is told when it renews.
            local entry = cmsgpack.unpack(kept)
            entry[5] = entry[5] or {}
            entry[5][#entry[5] + 1] = id
            call('HSET', WORKERS, worker, cmsgpack.pack(entry))
        end
        asked = asked + 1
    end
end
commit()
if asked > 0 then
    call('PUBLISH', META .. ':wake', 'cancel')
end
return { cancelled, asked }
