-- The newest rows of a span, with the time of the server, if there are none too: job_traffic_pkey.
SELECT n.now, t.at, t.job_type, t.numbers
FROM (SELECT clock_timestamp() AS now) n LEFT JOIN LATERAL (
    SELECT at, job_type, numbers FROM {schema}.job_traffic
    WHERE step = $1::int4 AND at > n.now - ($1::int4 + $2::float8) * interval '1 second' AND ($3::text IS NULL OR job_type = $3::text)
    ORDER BY at DESC, job_type DESC LIMIT $4::int8
) t ON true
