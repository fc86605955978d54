-- Ends a running job as cancelled.
local function stop(id, job)
    set_status(id, job, 'x')
    job[CANCELLED_AT], job[NEXT_AT], job[WAIT_UNTIL] = NOW, false, false
    note(id, 'x', '{"running":true}')
    ended[#ended + 1] = id
end
