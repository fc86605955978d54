-- Gives back a running job as it was: the claim is not counted. One that had waited waits on, its time come; one that somebody
-- asked to cancel ends.
local function release(id, job)
    if job[CANCEL_AT] then
        return stop(id, job)
    end
    local waited, retrying = job[WAIT_UNTIL], job[RETRYING] == 1
    set_status(id, job, waited and 'w' or retrying and 'f' or 'p')
    if not waited then
        job[STARTED_AT] = job[ATTEMPTS] > 1 and job[STARTED_AT]
        job[ATTEMPTS] = math.max(job[ATTEMPTS] - 1, 0)
    end
    job[NEXT_AT] = retrying and NOW_TEXT
    place(id, job, waited or job[NEXT_AT] or job[RUN_AT])
    note(id, 'g', '{"released":true}')
    wake = true
end
