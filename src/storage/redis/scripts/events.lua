-- The history of a job, oldest event first. ARGV: origin, its id.
local record = call('HGET', JOBS, ARGV[2])
return (call('HGET', EVENTS, ARGV[2]) or '') .. (record and cmsgpack.unpack(record)[HISTORY] or '')
