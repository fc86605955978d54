-- Gives the tables that were put aside what they lack of those that the migrations made, and puts them in their place. Types of columns
-- stay as they are but for delays, of which fractions of a second count. Indexes of the same name give way to ours.
DO $dataqueue$
DECLARE
    shared text;
    ours regclass;
    theirs regclass;
    ours_text text;
    item record;
BEGIN
    FOR shared, theirs IN
        SELECT relname, oid FROM pg_catalog.pg_class WHERE relnamespace = '{aside}'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
    LOOP
        ours := '{schema_text}.' || shared;
        SELECT format(' ON %I.%I ', n.nspname, shared) INTO ours_text
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ours;
        FOR item IN
            SELECT o.attname AS name, format_type(o.atttypid, o.atttypmod) AS kind, o.attnotnull AS needed, pg_get_expr(d.adbin, d.adrelid) AS preset,
                t.attname IS NULL AS missing, t.attnotnull AS is_needed, t.atthasdef OR t.attidentity <> '' AS has_preset,
                o.atttypid = 'double precision'::regtype AND t.atttypid <> o.atttypid AS is_narrower
            FROM pg_catalog.pg_attribute o
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = o.attrelid AND d.adnum = o.attnum
            LEFT JOIN pg_catalog.pg_attribute t ON t.attrelid = theirs AND t.attname = o.attname AND NOT t.attisdropped
            WHERE o.attrelid = ours AND o.attnum > 0 AND NOT o.attisdropped ORDER BY o.attnum
        LOOP
            IF item.missing AND item.name = 'xact' THEN
                -- What is there is older than all that transactions write from now on.
                EXECUTE format('ALTER TABLE %s ADD COLUMN xact bigint NOT NULL DEFAULT 0', theirs);
                EXECUTE format('ALTER TABLE %s ALTER COLUMN xact SET DEFAULT %s', theirs, item.preset);
            ELSIF item.missing THEN
                EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', theirs, item.name, item.kind)
                    || coalesce(' DEFAULT ' || item.preset, '') || CASE WHEN item.needed THEN ' NOT NULL' ELSE '' END;
            ELSIF item.is_narrower THEN
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s', theirs, item.name, item.kind);
            END IF;
            IF NOT item.missing AND NOT item.has_preset AND item.preset IS NOT NULL THEN
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', theirs, item.name, item.preset);
            END IF;
            IF NOT item.missing AND item.needed AND NOT item.is_needed THEN
                EXECUTE format('UPDATE %s SET %I = DEFAULT WHERE %2$I IS NULL', theirs, item.name);
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', theirs, item.name);
            END IF;
        END LOOP;
        FOR item IN SELECT unnest(reloptions) AS setting FROM pg_catalog.pg_class WHERE oid = ours LOOP
            EXECUTE format('ALTER TABLE %s SET (%s)', theirs, item.setting);
        END LOOP;
        FOR item IN
            SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ours AND NOT i.indisprimary
        LOOP
            EXECUTE format('DROP INDEX IF EXISTS {aside}.%I', item.name);
            EXECUTE replace(item.made, ours_text, format(' ON %s ', theirs));
        END LOOP;
        FOR item IN SELECT pg_get_triggerdef(oid) AS made FROM pg_catalog.pg_trigger WHERE tgrelid = ours AND NOT tgisinternal LOOP
            EXECUTE replace(item.made, ours_text, format(' ON %s ', theirs));
        END LOOP;
        IF shared = 'job_events' THEN
            -- Its check would lock a job's row for each event; a trigger deletes the events with their job.
            FOR item IN SELECT conname AS name FROM pg_catalog.pg_constraint WHERE conrelid = theirs AND contype = 'f' LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', theirs, item.name);
            END LOOP;
            EXECUTE format('CREATE INDEX idx_job_events_job ON %s (job_id, id)', theirs);
        END IF;
        EXECUTE format('DROP TABLE %s', ours);
        FOR item IN
            SELECT c.relname AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = theirs AND to_regclass('{schema_text}.' || quote_ident(c.relname)) IS NOT NULL
        LOOP
            EXECUTE format('ALTER INDEX {aside}.%I RENAME TO %I', item.name, left(item.name, 54) || '_adopted');
        END LOOP;
        FOR item IN
            SELECT pg_get_serial_sequence(theirs::text, 'id') AS found, format('%s_id_seq', shared) AS name
            WHERE pg_get_serial_sequence(theirs::text, 'id') <> '{aside}.' || shared || '_id_seq'
        LOOP
            EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', item.found, item.name);
        END LOOP;
        EXECUTE 'ALTER TABLE ' || theirs || ' SET SCHEMA {schema_text}';
    END LOOP;
END
$dataqueue$;

DROP SCHEMA {aside};
