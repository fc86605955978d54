-- Reads a token. ARGV: origin, id.
return show_token(ARGV[2])
