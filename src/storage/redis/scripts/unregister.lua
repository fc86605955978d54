-- Removes a worker, and leaves its leases to the next sweep. ARGV: origin, worker.
call('HDEL', WORKERS, ARGV[2])
call('HDEL', PROFILES, ARGV[2])
call('ZREM', EXPIRY, ARGV[2])
if call('ZCOUNT', PROCESSING, ARGV[2], ARGV[2]) > 0 then
    call('SADD', ORPHANS, ARGV[2])
end
return 1
