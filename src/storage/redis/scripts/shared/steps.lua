-- Keeps more steps of a job: a MessagePack map from names to JSON text.
local function add_steps(id, newer)
    local kept = call('HGET', STEPS, id)
    local all = kept and cmsgpack.unpack(kept) or {}
    for name, entry in pairs(cmsgpack.unpack(newer)) do
        all[name] = entry
    end
    call('HSET', STEPS, id, cmsgpack.pack(all))
end
