-- Sets limits, and counts what runs. ARGV: origin, whether the limits of groups are set, these as MessagePack or empty, whether groups take
-- turns, then for each type: its name, how many may run or empty, the key of its rate or empty, how many may start, in how many microseconds.
if ARGV[4] == '1' then
    call('HSETNX', SETTINGS, 'turns', '-')
end
for at = 5, #ARGV, 5 do
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
if ARGV[2] == '1' and (call('HGET', SETTINGS, 'groups') or '') ~= ARGV[3] then
    if ARGV[3] == '' then
        call('HDEL', SETTINGS, 'groups')
    else
        call('HSET', SETTINGS, 'groups', ARGV[3])
    end
    local name = next_line('')
    while name do
        release_line(name, -1)
        name = next_line(name)
    end
end
note_limits()
recount()
wake = true
commit()
return 1
