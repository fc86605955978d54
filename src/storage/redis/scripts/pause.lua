-- Pauses or lets go on. ARGV: origin, 1 or 0, what: all, type or group, its name. Answers whether that changed anything.
local paused, what, name = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local is_changed
if what == 'all' then
    if paused == 1 then
        is_changed = call('HSET', SETTINGS, 'paused', '1') == 1
    else
        is_changed = call('HDEL', SETTINGS, 'paused') == 1
    end
elseif what == 'type' then
    local kind = kind_of(name) or { 0, false, false, 0 }
    is_changed = kind[4] ~= paused
    kind[4] = paused
    if kind[2] or kind[3] or paused == 1 then
        keep_map(KINDS, name, kind)
    else
        call('HDEL', KINDS, name)
    end
else
    if paused == 1 then
        call('HSETNX', SETTINGS, 'groups', cmsgpack.pack({ tiers = {} }))
    end
    local group = group_of(name)
    is_changed = group[3] ~= paused
    group[3] = paused
    keep_map(GROUPS, name, group)
    if paused == 0 then
        lines.disband(name)
    end
end
note_limits()
recount()
wake = is_changed
commit()
return is_changed and 1 or 0
