-- Completes a token and resumes who waits for it. ARGV: origin, id, and the output if there is one. Answers 1, 0 if it was over,
-- -1 if there is none; and how many waited, at most.
local id = ARGV[2]
local token = read_token(id)
if not is_open(token) then
    return { token and 0 or -1, 0 }
end
token[ENDED_AT], token[RESULT] = NOW, ARGV[3] or false
end_token(id, token, 'c', NOW)
local waited = resume(id)
commit()
return { 1, waited }
