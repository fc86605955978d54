-- Counts jobs; `{arms}` come from the filter and find the ids, along the indexes named in find.sql.
SELECT count(*) FROM ({arms}) AS n
