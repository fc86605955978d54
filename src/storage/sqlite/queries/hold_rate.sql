-- Keeps what shares a rate from starting until then; primary key.
INSERT INTO job_rates (key, most, per, held_until) VALUES (?1, 2147483647, 1000000, ?2)
ON CONFLICT (key) DO UPDATE SET held_until = max(coalesce(held_until, 0), ?2)
