-- Events for those who read them as they are written: the feed is there while somebody does, and for a while after. An event is
-- `<job>,<kind><event id>,<time>,<length>,<metadata>`, and an entry holds up to so many.
local FEED, FEED_ENTRIES, FED_AT_ONCE = KEYS[40], 10000, 100

local function is_read()
    return call('EXISTS', FEED) == 1
end

local function feed_entry(field, value, id)
    call('XADD', FEED, 'MAXLEN', '~', FEED_ENTRIES, id or '*', field, value)
end

local function feed(texts)
    for from = 1, #texts, FED_AT_ONCE do
        feed_entry('e', table.concat(texts, '', from, math.min(from + FED_AT_ONCE - 1, #texts)))
    end
    if #texts > 0 then
        call('PUBLISH', META .. ':wake', 'events')
    end
end
