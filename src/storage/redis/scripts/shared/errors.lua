-- Keeps one more error of a job, and drops the oldest where there are too many. An error is its time, a bar, and a
-- JSON object that is still open, so that its reader can add the time to it.
local function add_error(id, entry, most)
    local kept = call('HGET', ERRORS, id)
    local entries = kept and cmsgpack.unpack(kept) or {}
    while #entries >= most do
        table.remove(entries, 1)
    end
    entries[#entries + 1] = string.format('%d|', NOW) .. entry
    call('HSET', ERRORS, id, cmsgpack.pack(entries))
end
