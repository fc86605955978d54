"""What the tables must keep, so that a database of the TypeScript library of the same name can be shared."""

from __future__ import annotations

import psycopg

from dataqueue import Job, JobQueue

WIDE = "character varying(255)"
TIME = "timestamp with time zone"

# The type, and the default where there has to be one. Where theirs are `integer` ids ours are `bigint`; their
# retry delays count whole seconds.
COLUMNS: dict[str, dict[str, tuple[str, str | None]]] = {
    "job_queue": {
        "id": ("bigint", None),
        "job_type": (WIDE, None),
        "payload": ("jsonb", None),
        "status": ("character varying(50)", "'pending'::character varying"),
        "created_at": (TIME, "now()"),
        "updated_at": (TIME, "now()"),
        "locked_at": (TIME, None),
        "locked_by": (WIDE, None),
        "attempts": ("integer", "0"),
        "max_attempts": ("integer", "3"),
        "next_attempt_at": (TIME, None),
        "priority": ("integer", "0"),
        "run_at": (TIME, "now()"),
        "pending_reason": ("text", None),
        "error_history": ("jsonb", "'[]'::jsonb"),
        "timeout_ms": ("integer", None),
        "failure_reason": ("character varying", None),
        "completed_at": (TIME, None),
        "started_at": (TIME, None),
        "last_retried_at": (TIME, None),
        "last_failed_at": (TIME, None),
        "last_cancelled_at": (TIME, None),
        "tags": ("text[]", None),
        "force_kill_on_timeout": ("boolean", "false"),
        "idempotency_key": (WIDE, None),
        "wait_until": (TIME, None),
        "wait_token_id": (WIDE, None),
        "step_data": ("jsonb", "'{}'::jsonb"),
        "progress": ("integer", None),
        "retry_delay": ("double precision", None),
        "retry_backoff": ("boolean", None),
        "retry_delay_max": ("double precision", None),
        "output": ("jsonb", None),
        "group_id": (WIDE, None),
        "group_tier": (WIDE, None),
        "dead_letter_job_type": (WIDE, None),
        "dead_lettered_at": (TIME, None),
        "dead_letter_job_id": ("bigint", None),
        "depends_on_job_ids": ("bigint[]", None),
        "depends_on_tags": ("text[]", None),
    },
    "job_events": {
        "id": ("bigint", None),
        "job_id": ("bigint", None),
        "event_type": ("text", None),
        "created_at": (TIME, "now()"),
        "metadata": ("jsonb", None),
    },
    "cron_schedules": {
        "id": ("bigint", None),
        "schedule_name": ("character varying(255)", None),
        "cron_expression": ("character varying(255)", None),
        "job_type": ("character varying(255)", None),
        "payload": ("jsonb", None),
        "max_attempts": ("integer", "3"),
        "priority": ("integer", "0"),
        "timeout_ms": ("integer", None),
        "force_kill_on_timeout": ("boolean", "false"),
        "tags": ("text[]", None),
        "timezone": ("character varying(100)", "'UTC'::character varying"),
        "allow_overlap": ("boolean", "false"),
        "status": ("character varying(50)", "'active'::character varying"),
        "last_enqueued_at": (TIME, None),
        "last_job_id": ("bigint", None),
        "next_run_at": (TIME, None),
        "created_at": (TIME, "now()"),
        "updated_at": (TIME, "now()"),
        "retry_delay": ("double precision", None),
        "retry_backoff": ("boolean", None),
        "retry_delay_max": ("double precision", None),
        "dead_letter_job_type": ("character varying(255)", None),
    },
}
INDEXES = {"idx_job_queue_claimable", "idx_job_queue_failed_retry"}


def test_columns_have_their_names_types_and_defaults(postgres_store_url: str, postgres_url: str, schema: str) -> None:
    assert schema in postgres_store_url
    with psycopg.connect(postgres_url) as connection:
        for table, expected in COLUMNS.items():
            rows = connection.execute(
                """
                select attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid)
                from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
                where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attnum > 0 and not attisdropped
                """,
                (schema, table),
            )
            found = {name: (kind, default) for name, kind, default in rows}
            assert {name: found.get(name) for name in expected} == expected


def test_indexes_and_keys_are_there(postgres_store_url: str, postgres_url: str, schema: str) -> None:
    assert schema in postgres_store_url
    with psycopg.connect(postgres_url) as connection:
        indexes = connection.execute("select indexname, indexdef from pg_indexes where schemaname = %s", (schema,))
        found: dict[str, str] = dict(indexes.fetchall())
    assert set(found) >= INDEXES
    assert "UNIQUE" in found["job_queue_pkey"]
    keys = [text for text in found.values() if "(idempotency_key) WHERE (idempotency_key IS NOT NULL)" in text]
    assert len(keys) == 1
    assert "UNIQUE" in keys[0]


def test_a_job_that_is_deleted_by_hand_takes_all_of_its_rows_along(
    postgres_store_url: str, postgres_url: str, schema: str
) -> None:
    with JobQueue(postgres_store_url) as queue, psycopg.connect(postgres_url, autocommit=True) as connection:
        kept, gone = queue.add_job("t", 1), queue.add_job("t", 2)
        connection.execute(f"delete from {schema}.job_queue where id = %s".encode(), (gone,))
        for table in ("job_events", "job_ready"):
            rows = connection.execute(f"select job_id from {schema}.{table}".encode()).fetchall()
            assert rows == [(kept,)], table
        assert queue.get_job_events(gone) == []
        connection.execute(f"delete from {schema}.job_queue".encode())
        ids = queue.add_jobs([Job("t", 1), Job("t", 2)])
        batches = f"select job_ids from {schema}.job_event_batches".encode()
        assert connection.execute(batches).fetchall() == [(ids,)]
        connection.execute(f"delete from {schema}.job_queue where id = %s".encode(), ids[:1])
        assert [event.event_type for event in queue.get_job_events(ids[1])] == ["added"]
        connection.execute(f"delete from {schema}.job_queue".encode())
        assert connection.execute(batches).fetchall() == []
        # The next id is new: the sequence is the table's own.
        assert queue.add_job("t", 3) > ids[1] > gone
