-- Reads a page of jobs, newest first; `{arms}` come from the filter, walk along one index each and find the ids.
SELECT {job} FROM ({arms}) AS n JOIN {schema}.job_queue j ON j.id = n.id ORDER BY n.id DESC LIMIT {limit} OFFSET {offset}
