-- What is paused: pairs of all, type or group, and a name.
local answer = {}
if call('HEXISTS', SETTINGS, 'paused') == 1 then
    answer = { 'all', '' }
end
for key, kept in pairs({ type = call('HGETALL', KINDS), group = call('HGETALL', GROUPS) }) do
    for at = 1, #kept, 2 do
        local value = cmsgpack.unpack(kept[at + 1])
        if value[key == 'type' and 4 or 3] == 1 then
            answer[#answer + 1], answer[#answer + 2] = key, kept[at]
        end
    end
end
return answer
