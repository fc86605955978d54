-- Reads a page of jobs, newest first; `{from}` and `{where}` come from the filter and choose the index.
SELECT {job} FROM {from} WHERE {where} ORDER BY {key} DESC LIMIT {limit} OFFSET {offset}
