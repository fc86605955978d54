-- Shows all jobs of a large batch at once; 0 if it was given up. ARGV: origin, its first id.
local opened = call('HDEL', BATCHES, ARGV[2])
if opened == 1 then
    call('PUBLISH', META .. ':wake', ORIGIN)
end
return opened
