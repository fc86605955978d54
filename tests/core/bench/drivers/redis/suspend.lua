-- Makes a running job wait. ARGV: origin, job.
local id = ARGV[2]
local job = cmsgpack.unpack(call('HGET', JOBS, id))
call('ZREM', PROCESSING, id)
call('ZADD', WAITING, id, id)
job[STATUS], job[LOCKED_AT], job[LOCKED_BY] = 'w', false, false
local number = string.format('%.0f', call('HINCRBY', META, 'event', 1))
job[HISTORY] = job[HISTORY] .. string.format('w%s,%.0f,0,', number, job[UPDATED_AT])
call('HSET', JOBS, id, cmsgpack.pack(job))
