-- The types that have a limit or are paused, of which there are few. ARGV: origin. Answers, packed: the time, and of each its name, how many
-- of its jobs run, how many may or false, whether it is paused, and its rate or false.
local answer, kept = {}, call('HGETALL', KINDS)
for at = 1, #kept, 2 do
    local kind = cmsgpack.unpack(kept[at + 1])
    local rate = kind[3] and call('HGET', RATES, kind[3])
    answer[#answer + 1] = { kept[at], kind[1], kind[2] or false, kind[4], rate and cmsgpack.unpack(rate) or false }
end
return cmsgpack.pack({ NOW, answer })
