"""The border between Python and the engine: calls under way, inboxes, signals, fork and exit."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import _core, errors
from tests.conftest import with_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOB: _core.JobTuple = ("t", b'{"a":1}', 0, None, 3, None, [], None, None, None, None, False, None)
SECRET = "Zq9-secret"


@pytest.fixture
def url(postgres_url: str, schema: str) -> str:
    return with_parameter(postgres_url, "schema", schema)


@pytest.fixture
def store(url: str) -> Iterator[_core.Store]:
    store = _core.Store(url, {})
    store.migrate(None).wait()
    yield store
    store.close().wait()


def changed(at: int, value: Any) -> Any:
    fields: list[Any] = list(JOB)
    fields[at] = value
    return tuple(fields)


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (f"postgresql://app:{SECRET}@h?pool_max=none", {}),
        (f"postgresql://app:{SECRET}/x@h", {}),
        (f"postgresql://h?password={SECRET}&nonsense=1", {}),
        (f"nonsense://app:{SECRET}@h", {}),
        ("postgresql://h", {"password": f"{SECRET}\udcff"}),
        ("postgresql://h", {"password": SECRET, "colour": "red"}),
        (None, {}),
    ],
)
def test_a_bad_option_is_a_config_error_without_the_password(url: str | None, settings: dict[str, str]) -> None:
    with pytest.raises(errors.ConfigError) as raised:
        _core.Store(url, settings)
    assert SECRET not in repr(raised.value)
    assert str(raised.value)


def test_the_location_has_no_password() -> None:
    store = _core.Store(f"postgresql://app:{SECRET}@db:7/jobs?schema=own", {})
    assert store.location == "postgresql://app@db:7/jobs?schema=own"
    assert (store.backend, store.external_transactions) == ("postgresql", True)


@pytest.mark.parametrize(
    ("at", "value", "error", "words"),
    [
        (0, "", ValueError, "job_type"),
        (0, "x" * 256, ValueError, "256"),
        (0, "x\udcff", ValueError, "job_type"),
        (0, 5, TypeError, "job_type"),
        (1, b"{", ValueError, "not JSON"),
        (1, b'"\\u0000"', ValueError, "NUL"),
        (1, "{}", TypeError, "payload"),
        (2, 2**31, ValueError, "priority"),
        (2, 1.5, TypeError, "priority"),
        (3, 2**70, ValueError, "run_at"),
        (4, 0, ValueError, "max_attempts"),
        (4, 2**40, ValueError, "max_attempts"),
        (5, -1, ValueError, "timeout"),
        (6, "ab", TypeError, "tags"),
        (7, "a\0b", ValueError, "NUL"),
        (8, -1.0, ValueError, "retry_delay"),
        (8, float("nan"), ValueError, "retry_delay"),
        (9, "yes", TypeError, "retry_backoff"),
        (10, 1e300, ValueError, "retry_delay_max"),
    ],
)
def test_a_bad_job_is_refused_before_the_call(
    store: _core.Store, at: int, value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        store.add([changed(at, value)])
    with pytest.raises(error, match=words):
        store.add([JOB, changed(at, value), JOB])
    assert store.count({}).wait() == 0


def test_the_bad_job_of_a_batch_is_counted(store: _core.Store) -> None:
    with pytest.raises(ValueError, match="job 2 of 3"):
        store.add([JOB, changed(4, 0), JOB])


def test_a_job_comes_back_with_every_field(store: _core.Store) -> None:
    full: _core.JobTuple = (
        "t",
        b'{"a":1}',
        7,
        1_900_000_000_000_000,
        5,
        2500,
        ["x"],
        "key",
        1.5,
        False,
        60.0,
        True,
        {"group": ("g", "gold"), "dead_letter_job_type": "d", "keep_result_for": 2.5, "expires_in": 1.5},
    )
    [(job_id, created)] = store.add([full]).wait()
    job = store.get(job_id).wait()
    assert created
    assert job is not None
    assert (job["job_type"], job["status"], job["priority"], job["run_at"]) == ("t", "pending", 7, full[3])
    assert (job["max_attempts"], job["timeout_ms"], job["tags"], job["idempotency_key"]) == (
        5,
        2500,
        ["x"],
        "key",
    )
    assert (job["retry_delay"], job["retry_backoff"], job["retry_delay_max"]) == (1.5, False, 60.0)
    assert (job["group_id"], job["group_tier"], job["dead_letter_job_type"]) == ("g", "gold", "d")
    assert (job["keep_result_for"], job["expires_at"], job["traceparent"]) == (2.5, (full[3] or 0) + 1_500_000, None)
    assert (job["error_history"], job["step_data"], job["output"]) == (b"[]", b"{}", None)
    assert store.find({"tags": (["x"], "exact"), "run_at": {"eq": full[3] or 0}}, 10, 0, None).wait() == [job]
    assert [event["event_type"] for event in store.events(job_id).wait()] == ["added"]


def test_an_edit_keeps_what_is_omitted_and_clears_what_is_none(store: _core.Store) -> None:
    [(job_id, _)] = store.add([changed(5, 2500)]).wait()
    assert store.edit(job_id, {"priority": 3}).wait()
    assert store.edit(job_id, {"timeout_ms": None}).wait()
    assert not store.edit(job_id, {}).wait()
    job = store.get(job_id).wait()
    assert job is not None
    assert (job["priority"], job["timeout_ms"]) == (3, None)


@pytest.mark.parametrize(
    "filters", [{"colour": "red"}, {"statuses": ["gone"]}, {"run_at": {"near": 1}}, {"tags": (["a"], "most")}]
)
def test_a_bad_filter_is_refused(store: _core.Store, filters: Any) -> None:
    with pytest.raises(ValueError, match=r"filter|status|bound|mode"):
        store.count(filters)


def test_each_error_has_its_exception(store: _core.Store, postgres_url: str) -> None:
    with pytest.raises(errors.DataQueueError, match="nonsense") as raised:
        store.query("select nonsense", []).wait()
    assert raised.value.backend == "postgresql"
    with pytest.raises(errors.MigrationRequired, match="dataqueue migrate up"):
        _core.Store(with_parameter(postgres_url, "schema", "never_migrated"), {}).count({}).wait()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = _core.Store(f"postgresql://app@127.0.0.1:{unused.getsockname()[1]}?connect_timeout=2", {})
        with pytest.raises(errors.BackendUnavailable):
            nobody.count({}).wait()


def test_a_closed_store_says_so(url: str) -> None:
    store = _core.Store(url, {})
    store.close().wait()
    store.close().wait()
    with pytest.raises(errors.DataQueueError, match="closed"):
        store.count({})


def test_a_result_is_fetched_once(store: _core.Store) -> None:
    pending = store.count({})
    assert pending.wait() == 0
    with pytest.raises(RuntimeError, match="fetched already"):
        pending.wait()


def test_ctrl_c_ends_a_wait(store: _core.Store) -> None:
    [(job_id, _)] = store.add([JOB]).wait()
    pending = store.wait_for_end(job_id, None)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        pending.wait()
    assert time.monotonic() - began < 5


def test_a_wait_lets_other_threads_run(store: _core.Store) -> None:
    blocked = threading.Thread(target=store.query("select pg_sleep(1)", []).wait)
    blocked.start()
    assert store.count({}).wait() == 0
    assert blocked.is_alive()
    blocked.join()


def test_an_inbox_gets_every_result_of_many_threads(store: _core.Store) -> None:
    reader, writer = socket.socketpair()
    with reader, writer:
        inbox = _core.Inbox(writer.fileno())

        def send(part: int) -> None:
            for at in range(100):
                call = store.query("select 1 as a" if at % 2 else "select nonsense", [])
                call.deliver(inbox, part * 100 + at)

        senders = [threading.Thread(target=send, args=(part,)) for part in range(4)]
        for sender in senders:
            sender.start()
        results: dict[int, tuple[bool, Any]] = {}
        while len(results) < 400:
            assert reader.recv(4096)
            results.update((ticket, (ok, value)) for ticket, ok, value in inbox.drain())
        assert all(ok == bool(ticket % 2) for ticket, (ok, _) in results.items())
        assert results[1] == (True, [b'{"a":1}'])
        assert isinstance(results[0][1], errors.DataQueueError)
        inbox.close()
        late = store.count({})
        late.deliver(inbox, 1)
        assert inbox.drain() == []


@pytest.mark.parametrize("fd", [-1, 1_000_000])
def test_an_inbox_needs_a_socket(fd: int) -> None:
    with pytest.raises(ValueError, match="not an open socket"):
        _core.Inbox(fd)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_opens_a_store_of_its_own_and_touches_nothing_inherited(store: _core.Store) -> None:
    store.add([JOB]).wait()
    reader, writer = socket.socketpair()
    with reader, writer:
        inbox = _core.Inbox(writer.fileno())
        pending = store.count({})
        stop = threading.Event()

        def churn() -> None:
            while not stop.is_set():
                store.count({}).wait()

        threads = [threading.Thread(target=churn) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                assert exit_code_of_child(lambda: store.count({}).wait() == 1) == 0
                assert exit_code_of_child(lambda: refuses(pending.wait) and refuses(inbox.drain)) == 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert (pending.wait(), store.count({}).wait()) == (1, 1)


def refuses(call: Callable[[], object]) -> bool:
    try:
        call()
    except RuntimeError as error:
        return "fork" in str(error)
    return False


def exit_code_of_child(check: Callable[[], bool]) -> int:
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


EXIT = """
import sys, threading
from dataqueue import _core
store = _core.Store(sys.argv[1], {})
store.query("select 1", []).wait()
_core.set_log_level(5)
pump = _core.LogPump()
threading.Thread(target=pump.next, daemon=True).start()
threading.Thread(target=store.query("select pg_sleep(30)", []).wait, daemon=True).start()
left = store.query("select pg_sleep(30)", [])
"""


def test_the_interpreter_exits_with_calls_under_way(url: str) -> None:
    for _ in range(5):
        ended = subprocess.run(
            [sys.executable, "-c", EXIT, url], capture_output=True, text=True, timeout=20, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")


def test_a_pump_ends_when_it_is_closed() -> None:
    pump = _core.LogPump()
    batches: list[Any] = []
    taking = threading.Thread(target=lambda: batches.extend(iter(pump.next, None)))
    taking.start()
    pump.close()
    taking.join(10)
    assert not taking.is_alive()


def test_migrations_can_be_printed(url: str, schema: str) -> None:
    store = _core.Store(url, {})
    steps = store.migration_sql(None, [])
    assert [version for version, _, _ in steps] == list(range(1, len(steps) + 1))
    assert all(f'"{schema}"' in sql and "{schema}" not in sql for _, _, sql in steps)
    for _, _, sql in steps:
        store.execute("do $do$ begin execute $sql$" + sql + "$sql$; end $do$", []).wait()
    assert store.migration_state().wait()[0] == [version for version, _, _ in steps]
    assert store.count({}).wait() == 0
