-- Keeps jobs of a type, and of those that share its rate, from starting. ARGV: origin, type, for how many microseconds.
local kind = kind_of(ARGV[2]) or { 0, false, false, 0 }
kind[3] = kind[3] or ARGV[2]
keep_map(KINDS, ARGV[2], kind)
local rate = read_map(RATES, kind[3]) or { 2147483647, 1000000, false, {} }
rate[3] = math.max(rate[3] or 0, NOW + tonumber(ARGV[3]))
keep_map(RATES, kind[3], rate)
note_limits()
recount()
return 1
