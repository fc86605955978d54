-- What workers did, under `step:start:type`, and these names by the number of their minute or hour since 1970. Minutes are beyond
-- ten million, and hours are below for a thousand years.
local TRAFFIC, TRAFFIC_AT = KEYS[47], KEYS[48]
local HOURS_END = 10000000
