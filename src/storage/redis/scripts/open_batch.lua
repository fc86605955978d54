-- Shows all jobs of a large batch at once; 0 if it was given up. ARGV: origin, its first id, and a job that it added.
if call('HDEL', BATCHES, ARGV[2]) == 1 then
    call('PUBLISH', META .. ':wake', ORIGIN)
    return 1
end
-- The same call may have opened it before, and its answer been lost: what was given up is deleted.
return call('HEXISTS', JOBS, ARGV[3])
