-- Resumes more of the jobs that wait for a token. ARGV: origin, id. Answers how many waited, at most.
local waited = is_over(ARGV[2]) and resume(ARGV[2]) or 0
commit()
return waited
