-- Counts jobs; `{arms}` come from the filter, walk along one index each and find the ids.
SELECT count(*) FROM ({arms}) AS n
