-- Every script is sent with all keys of the queue, in this order: no script names a key that was not declared. Those of schedules,
-- the feed and turns are named with what they are for: Lua has room for 200 locals.
local META, JOBS, PAYLOADS, OUTPUTS, ERRORS, STEPS, EVENTS, HOLDERS = unpack(KEYS, 1, 8)
local PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED, WAITING = unpack(KEYS, 9, 14)
local TYPES, TAGS, READY, LATER, WORKERS, EXPIRY, ORPHANS, WATCHERS, BATCHES = unpack(KEYS, 15, 23)
local TOKENS, EXPIRING, WAITS = unpack(KEYS, 24, 26)
local SCHEDULES_DUE, EXTRAS = unpack(KEYS, 30, 31)
local SETTINGS, KINDS, RATES, GROUPS, SLOTS, LINE = unpack(KEYS, 32, 37)
local TERMS, UNIQUE, BLOCKED, PROFILES, MINTED = KEYS[38], KEYS[39], KEYS[41], KEYS[45], KEYS[46]

local call = redis.call

-- The members of a job's record, a MessagePack array in the hash of jobs. False stands for a value that is not there.
-- Times are microseconds since 1970, but for run_at, next_attempt_at and wait_until, which are sortable
-- text. A timeout is negative where the handler is killed at its end.
local CREATED_AT, UPDATED_AT, RUN_AT, TYPE, STATUS, PRIORITY, ATTEMPTS, MAX_ATTEMPTS, CRASHES = 1, 2, 3, 4, 5, 6, 7, 8, 9
local TIMEOUT_MS, JOB_TAGS, KEY, RETRY_DELAY, RETRY_BACKOFF, RETRY_DELAY_MAX = 10, 11, 12, 13, 14, 15
local LOCKED_AT, LOCKED_BY, WORKER, TOKEN, STARTED_AT, COMPLETED_AT, NEXT_AT = 16, 17, 18, 19, 20, 21, 22
local RETRIED_AT, FAILED_AT, CANCELLED_AT, REASON, PROGRESS, WHY_PENDING, RETRYING = 23, 24, 25, 26, 27, 28, 29
local WAIT_UNTIL, WAIT_TOKEN, HISTORY, PAYLOAD = 30, 31, 32, 33
-- The 34th is there so that records differ, and the 35th only where somebody asked to cancel the job while it ran: when that was.
local CANCEL_AT = 35

-- Up to so many bytes, the latest events and the payload of a job are members of its record; the rest is in hashes.
local INLINE = 256

-- The letters of the statuses, and the sorted set of each: by job, but those that run by their worker.
local BY_STATUS = { p = PENDING, r = PROCESSING, c = COMPLETED, f = FAILED, x = CANCELLED, w = WAITING }

-- The caller's name, which it passes over among the wake-ups it hears.
local ORIGIN = ARGV[1]

-- `unpack` fails beyond about 8,000 values; an even number, so that pairs stay together.
local SLICE = 4000

-- The numbers of a job as fixed-width text, which sorts as they do.
local function wide(id)
    return string.format('%016d', id)
end

local function many(command, key, list)
    for from = 1, #list, SLICE do
        call(command, key, unpack(list, from, math.min(from + SLICE - 1, #list)))
    end
end

local function fetch(key, ids)
    local found = {}
    for from = 1, #ids, SLICE do
        local part = call('HMGET', key, unpack(ids, from, math.min(from + SLICE - 1, #ids)))
        for at = 1, #part do
            found[from + at - 1] = part[at]
        end
    end
    return found
end
