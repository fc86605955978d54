-- Shows all jobs of a large batch at once; 0 if it was given up. ARGV: origin, its first id, and a job that it added. Those who read
-- events are told of the batch as a whole: `<first>,<last>`.
local batch = call('HGET', BATCHES, ARGV[2])
if batch then
    call('HDEL', BATCHES, ARGV[2])
    call('PUBLISH', META .. ':wake', ORIGIN)
    if is_read() then
        feed_entry('b', ARGV[2] .. ',' .. string.match(batch, '^(%d+),'))
        call('PUBLISH', META .. ':wake', 'events')
    end
    return 1
end
-- The same call may have opened it before, and its answer been lost: what was given up is deleted.
return call('HEXISTS', JOBS, ARGV[3])
