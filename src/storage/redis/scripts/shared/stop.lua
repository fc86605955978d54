-- Ends a running job as cancelled, for a reason or without one.
local function stop(id, job, reason)
    set_status(id, job, 'x')
    job[CANCELLED_AT], job[NEXT_AT], job[WAIT_UNTIL] = NOW, false, false
    if reason and reason ~= '' then
        keep_extra(id, 'reason', reason)
        note(id, 'x', '{"running":true,"reason":' .. cjson.encode(reason) .. '}')
    else
        note(id, 'x', '{"running":true}')
    end
    ended[#ended + 1] = id
end
