-- Pauses a group or lets it go on: job_groups_pkey, idx_job_groups_paused. That groups are looked at is noted: job_settings_pkey.
WITH noted AS (
    INSERT INTO {schema}.job_settings (name, value) SELECT 'groups', '{}' WHERE $2::bool ON CONFLICT (name) DO NOTHING
), put AS (
    INSERT INTO {schema}.job_groups AS g (group_id, paused) SELECT $1::text, true WHERE $2::bool
    ON CONFLICT (group_id) DO UPDATE SET paused = true WHERE NOT g.paused RETURNING group_id
), taken AS (
    UPDATE {schema}.job_groups SET paused = false WHERE group_id = $1::text AND NOT $2::bool AND paused RETURNING group_id
)
SELECT group_id FROM put UNION ALL SELECT group_id FROM taken
