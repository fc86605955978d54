-- A server at its `maxmemory` refuses a script whose first write may grow; this one cannot, and opens the way for those
-- after it: what runs must be recorded, renewed and cleaned up even then.
call('HDEL', META, '')
