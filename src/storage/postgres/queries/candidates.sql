-- Finds jobs to be changed, oldest first; `{from}` and `{where}` come from the filter and choose the index.
SELECT {key} FROM {from} WHERE {where} ORDER BY {key} LIMIT {limit}
