-- Counts jobs; `{from}` and `{where}` come from the filter and choose the index.
SELECT count(*) FROM {from} WHERE {where}
