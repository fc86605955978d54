-- Deletes old jobs that ended, one step by growing id. ARGV: origin, age in microseconds, after, limit, letters of the
-- statuses. Answers how many, and the last id looked at, empty at the end.
local cutoff, arms = NOW - ARGV[2], {}
for letter in string.gmatch(ARGV[5], '[cfx]') do
    arms[#arms + 1] = { BY_STATUS[letter] }
end
local ids, is_last = walk(arms, true, tonumber(ARGV[3]), tonumber(ARGV[4]))
local jobs, has_terms = read_jobs(ids), call('ZCARD', TERMS) > 0
for _, id in ipairs(ids) do
    local job = jobs[id]
    -- Ids grow with time: what follows is younger still.
    if job and job[CREATED_AT] > cutoff then
        is_last = true
        break
    end
    local is_over = job and job[UPDATED_AT] <= cutoff and not (job[STATUS] == 'f' and job[NEXT_AT])
    -- One that is kept for a span of its own is deleted by that.
    if is_over and not (has_terms and read_extras(id).keep_result_for) then
        purge(id, job)
    end
end
commit()
write_purge()
return { #purged, is_last and '' or ids[#ids] }
