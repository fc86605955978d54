-- Takes interest in the end of a job for a while. ARGV: origin, job, microseconds.
return call('HSET', WATCHERS, ARGV[2], string.format('%d', NOW + ARGV[3]))
