-- Puts a job among those that may be claimed now, whatever its state. ARGV: origin, job.
local job = cmsgpack.unpack(call('HGET', JOBS, ARGV[2]))
local priority = string.format('%010.0f', 2147483647 - job[PRIORITY])
call('ZADD', READY, 0, job[TYPE] .. '\0' .. priority .. job[RUN_AT] .. wide(ARGV[2]))
