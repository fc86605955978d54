-- Keeps whose turn it is: job_turns_pkey.
turned AS (
    UPDATE {schema}.job_turns t SET places = t.places + p.count, served = p.served, from_rank = coalesce(p.from_rank, t.from_rank),
        group_id = coalesce(p.group_id, t.group_id), used = coalesce(p.used, t.used)
    FROM (
        SELECT job_type, count(*) AS count, max(served) AS served, max(from_rank) AS from_rank,
            (array_agg(group_id ORDER BY seat DESC) FILTER (WHERE used IS NOT NULL))[1] AS group_id,
            (array_agg(used ORDER BY seat DESC) FILTER (WHERE used IS NOT NULL))[1] AS used
        FROM picked GROUP BY job_type
    ) p WHERE t.job_type = p.job_type AND {each_text p.job_type}
),
