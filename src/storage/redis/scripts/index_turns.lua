-- Lets ready jobs stand in turn that were ready before turns were kept, one step. ARGV: origin, how many. Answers 1 while there may be more.
local from, most = call('HGET', SETTINGS, 'turns') or '', tonumber(ARGV[2])
if from == '' then
    return 0
end
local members, ready = call('ZRANGEBYLEX', READY, from, '+', 'LIMIT', 0, most), {}
for _, member in ipairs(members) do
    ready[#ready + 1] = '0'
    ready[#ready + 1] = member
end
many('ZADD', turns.standing, turns.entries(ready))
call('HSET', SETTINGS, 'turns', #members == most and '(' .. members[most] or '')
return 1
