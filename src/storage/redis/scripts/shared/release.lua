-- Gives back a running job as it was: the claim is not counted.
local function release(id, job)
    local retrying = job[RETRYING] == 1
    set_status(id, job, retrying and 'f' or 'p')
    job[STARTED_AT] = job[ATTEMPTS] > 1 and job[STARTED_AT]
    job[ATTEMPTS] = math.max(job[ATTEMPTS] - 1, 0)
    job[NEXT_AT] = retrying and NOW_TEXT
    place(id, job, job[NEXT_AT] or job[RUN_AT])
    note(id, 'g', '{"released":true}')
    wake = true
end
