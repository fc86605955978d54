"""Passwords are in no repr, no error and no log."""

from __future__ import annotations

import subprocess
import sys
import traceback

import pytest

from dataqueue import AsyncJobQueue, ConfigError, DataQueueError, JobQueue, PostgresConfig, create_pool
from tests.python.connecting.conftest import PASSWORD, SECRET, GuardedServer

# Everything that a queue does, with every logger open, to a good and to a wrong password and to nobody.
SCRIPT = """
import logging, sys, time, traceback
logging.basicConfig(level=1, stream=sys.stdout)
logging.getLogger("dataqueue").setLevel(1)
from dataqueue import BackendUnavailable, JobHandlers, JobQueue
handlers = JobHandlers()
@handlers.job("t")
def t(payload: int) -> int: return payload
with JobQueue(sys.argv[1], verbose=True) as queue:
    queue.migrate()
    processor = queue.create_processor(handlers, verbose=True)
    processor.start_in_background()
    print("DONE", queue.wait_for_job(queue.add_job(t, 1), 30).output)
    queue.get_pool().fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where usename = 'app' and pid <> pg_backend_pid()")
    for _ in range(100):
        try:
            print("AGAIN", queue.wait_for_job(queue.add_job(t, 2), 30).output)
            break
        except BackendUnavailable as error:
            # A connection may be found broken only by the call that is made on it.
            print(repr(error))
            time.sleep(0.1)
    processor.stop_and_drain(10)
for url in sys.argv[2:]:
    try:
        with JobQueue(url, verbose=True) as queue:
            print(repr(queue))
            queue.add_job("t", 1)
    except Exception:
        traceback.print_exc(file=sys.stdout)
"""


def test_no_log_holds_a_password_whatever_happens(guarded_server: GuardedServer) -> None:
    url = guarded_server.url
    wrong = guarded_server.url_at(f"127.0.0.1:{guarded_server.port}", password=f"{SECRET}-wrong")
    broken = [wrong, guarded_server.url_at("127.0.0.1:1"), f"{url}?nonsense=1", f"postgresql://app:{SECRET}/x@h"]
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, *broken], capture_output=True, text=True, timeout=90, check=False
    )
    assert "DONE 1" in ran.stdout
    assert "AGAIN 2" in ran.stdout
    # What was to be logged was logged.
    assert "dataqueue" in ran.stdout
    assert ran.stdout.count("Traceback") == len(broken)
    assert SECRET not in ran.stdout + ran.stderr


def test_no_repr_holds_a_password(guarded_server: GuardedServer) -> None:
    config = PostgresConfig(host="127.0.0.1", port=guarded_server.port, user="app", password=PASSWORD, database="app")
    with create_pool(config) as pool, JobQueue(pool) as shared, JobQueue(guarded_server.url) as queue:
        shown = [repr(one) for one in (config, PostgresConfig(guarded_server.url), pool, shared, queue)]
        shown += [
            repr(queue.get_pool()),
            repr(queue.create_processor({"t": len})),
            repr(AsyncJobQueue(guarded_server.url)),
        ]
    assert f"127.0.0.1:{guarded_server.port}/app" in repr(queue)
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://app:{SECRET}/x@db/app",
        f"postgresql://app:{SECRET}?x@db/app",
        f"postgresql://app:{SECRET}#x@db/app?sslmode=maybe",
        f"postgresql://app:{SECRET}@db:port/app",
        f"postgresql://app:{SECRET}%zz@db/app",
        f"postgresql://app:{SECRET}",
        f"postgresql://db/app?password={SECRET}&x&{SECRET}=1",
        f"postgressql://app:{SECRET}@db/app",
        f"app:{SECRET}@db/app",
        f"postgresql://app:{SECRET}@db/app\0",
    ],
)
def test_no_error_about_a_url_holds_its_password(url: str) -> None:
    for open_queue in (JobQueue, lambda config: JobQueue(PostgresConfig(config))):
        with pytest.raises((DataQueueError, ValueError)) as raised:
            open_queue(url)
        assert isinstance(raised.value, ConfigError)
        told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
        assert SECRET not in told
