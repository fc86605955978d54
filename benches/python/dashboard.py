"""How long pages of the dashboard take on a large store, and what open ones cost a store at rest.

    python -m tests.servers -- python benches/python/dashboard.py --jobs 10000000

PostgreSQL alone: the store whose counts are dear. Pages are asked for one after another, over HTTP, each time after
what they keep of the last second is forgotten.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
import urllib.request
import uuid
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from dataqueue import JobQueue  # noqa: E402
from dataqueue.dashboard import create_dashboard  # noqa: E402
from tests.python.dashboard.serving import served  # noqa: E402

PAGES = (
    "/",
    "/?span=day",
    "/jobs",
    "/jobs?status=completed",
    "/jobs?status=failed",
    "/jobs?status=pending",
    "/jobs?type=mail_7",
    "/jobs?type=mail_7&status=failed",
    "/jobs?tag=tag_3",
    "/jobs?cursor={middle}",
    "/jobs?text=nowhere+to+be+found",
    "/jobs?error=declined",
    "/jobs/{middle}",
    "/jobs/confirm?do=retry",
    "/jobs/confirm?do=delete",
    "/schedules",
    "/tokens",
    "/workers",
    "/flow",
    "/dead-letters",
    "/audit",
    "/api/jobs?limit=25",
    "/api/overview",
)
# Of a thousand jobs 20 failed and 30 are due; the rest completed.
FILL = """
INSERT INTO job_queue (job_type, status, payload, priority, max_attempts, attempts, created_at, updated_at, run_at,
    tags, completed_at, last_failed_at, error_history)
SELECT 'mail_' || n %% 40, s.status, jsonb_build_object('to', 'user' || n || '@example.com'), n %% 5, 3,
    CASE s.status WHEN 'pending' THEN 0 ELSE 1 END, t.at, t.at, t.at,
    CASE WHEN n %% 5 = 0 THEN ARRAY['tag_' || n %% 50] END, CASE s.status WHEN 'completed' THEN t.at END,
    CASE s.status WHEN 'failed' THEN t.at END, CASE s.status WHEN 'failed' THEN %(errors)s ELSE '[]' END::jsonb
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
CROSS JOIN LATERAL (
    SELECT CASE WHEN n %% 1000 < 20 THEN 'failed' WHEN n %% 1000 < 50 THEN 'pending' ELSE 'completed' END
) s (status)
CROSS JOIN LATERAL (SELECT now() - (%(count)s - n) * interval '0.1 seconds') t (at)
"""
ERRORS = '[{"message": "declined", "attempt": 1, "timestamp": "2026-01-01T00:00:00Z"}]'
READY = """
INSERT INTO job_ready (job_id, due_at, rank, retrying, job_type)
SELECT id, run_at, ~priority, false, job_type FROM job_queue WHERE status = 'pending'
"""
STEP = 500_000
TIMES = 7
# Seconds between two looks of a page that follows the stream.
LOOKS = 15.0


def fill(url: str, schema: str, count: int) -> None:
    """Adds so many jobs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET search_path TO {schema}".encode())
        for first in range(1, count + 1, STEP):
            last = min(first + STEP - 1, count)
            connection.execute(FILL, {"first": first, "last": last, "count": count, "errors": ERRORS})
            print(f"\r{last:,} jobs", end="", file=sys.stderr, flush=True)
        connection.execute(READY)
        connection.execute("VACUUM ANALYZE job_queue, job_ready")
        print(file=sys.stderr)


def ask(url: str) -> tuple[float, int]:
    """The seconds that a page takes, and its bytes."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        size = len(answer.read())
    return time.perf_counter() - began, size


def pages(root: str, count: int) -> None:
    """Prints how long each page takes."""
    print(f"| page, {count:,} jobs | median, ms | slowest of {TIMES}, ms | KB |\n|---|---|---|---|")
    ask(f"{root}/schedules")
    for path in PAGES:
        taken, size = [], 0
        for _ in range(TIMES):
            time.sleep(1.05)
            seconds, size = ask(root + path.format(middle=count // 2))
            taken.append(seconds * 1000)
        print(f"| `{path}` | {statistics.median(taken):.1f} | {max(taken):.1f} | {size / 1000:.1f} |", flush=True)


def idle(root: str, url: str, seconds: float) -> None:
    """Prints how many transactions the server ends while so many pages follow the queue, and look as pages do."""
    print(f"\n| open pages | transactions in {seconds:.0f} s |\n|---|---|")
    database = urlsplit(url).path.strip("/") or "postgres"
    counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
    for open_pages in (0, 1, 100):
        with ExitStack() as stack, psycopg.connect(url, autocommit=True) as connection:
            ended = threading.Event()
            stack.callback(ended.set)
            for place in range(open_pages):
                answer = stack.enter_context(urllib.request.urlopen(f"{root}/api/stream", timeout=120))
                threading.Thread(target=_drain, args=(answer,), daemon=True).start()
                first = LOOKS * place / open_pages
                threading.Thread(target=_look, args=(root, first, ended), daemon=True).start()
            time.sleep(LOOKS + 5)
            values = []
            for _ in range(2):
                row = connection.execute(counted, (database,)).fetchone()
                assert row is not None
                values.append(row[0])
                if len(values) == 1:
                    time.sleep(seconds)
            print(f"| {open_pages} | {values[1] - values[0]} |", flush=True)


def _look(root: str, first: float, ended: threading.Event) -> None:
    pause = first
    while not ended.wait(pause):
        pause = LOOKS
        for path in ("/", "/jobs"):
            asked = urllib.request.Request(root + path, headers={"x-refresh": "1"})
            with urllib.request.urlopen(asked, timeout=60) as answer:
                answer.read()


def _drain(answer: object) -> None:
    try:
        while answer.read(1):  # type: ignore[attr-defined]
            pass
    except (OSError, ValueError, AttributeError):
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    url = os.environ["DATAQUEUE_TEST_POSTGRES_URL"]
    schema = f"dashboard_{uuid.uuid4().hex[:8]}"
    with JobQueue(f"{url}{'&' if '?' in url else '?'}schema={schema}") as queue:
        queue.migrate()
        try:
            fill(url, schema, arguments.jobs)
            with served(create_dashboard(queue, auth=lambda request: "admin")) as root:
                pages(root, arguments.jobs)
                idle(root, url, arguments.seconds)
        finally:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


if __name__ == "__main__":
    main()
