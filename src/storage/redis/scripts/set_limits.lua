-- Sets limits, and counts what runs. ARGV: origin, whether the limits of groups are set, these as MessagePack or empty, whether groups take
-- turns, whether the rates of groups are set, these as MessagePack or empty, then for each type: its name, how many may run or empty, the key
-- of its rate or empty, how many may start, in how many microseconds.
if ARGV[4] == '1' then
    call('HSETNX', SETTINGS, 'turns', '-')
end
for at = 7, #ARGV, 5 do
    local job_type, most, key, rate, per = unpack(ARGV, at, at + 4)
    local kind = kind_of(job_type) or { 0, false, false, 0 }
    kind[2], kind[3] = most ~= '' and tonumber(most), key ~= '' and key
    if kind[2] or kind[3] or kind[4] == 1 then
        keep_map(KINDS, job_type, kind)
    else
        call('HDEL', KINDS, job_type)
    end
    if key ~= '' then
        local kept = read_map(RATES, key) or { 0, 0, false, {} }
        kept[1], kept[2] = tonumber(rate), tonumber(per)
        keep_map(RATES, key, kept)
    end
end
local is_changed = false
for field, given in pairs({ groups = ARGV[3], group_rates = ARGV[6] }) do
    if ARGV[field == 'groups' and 2 or 5] == '1' and (call('HGET', SETTINGS, field) or '') ~= given then
        is_changed = true
        if given == '' then
            call('HDEL', SETTINGS, field)
        else
            call('HSET', SETTINGS, field, given)
        end
    end
end
if is_changed then
    local name = next_line('')
    while name do
        lines.disband(name)
        name = next_line(name)
    end
    call('DEL', lines.openings)
end
note_limits()
recount()
wake = true
commit()
return 1
