"""Which handlers can be run in another process, and what is said of those that cannot."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from dataqueue import JobHandlers, JobQueue, test_handler_serialization, validate_handler_serializable
from dataqueue.isolation import travel
from tests.processes import PATIENCE
from tests.python.isolation import handlers as importable


class Service:
    """What a method would take along."""

    def handle(self, payload: Any) -> None:
        """A handler that is a method."""

    def __call__(self, payload: Any) -> None:
        """An object as a handler."""


@pytest.fixture
def no_cloudpickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    monkeypatch.setitem(sys.modules, "cloudpickle", None)


@pytest.mark.parametrize("handler", [importable.area, importable.area.func, importable.undecorated])
def test_functions_of_modules_can_travel(handler: Any) -> None:
    assert validate_handler_serializable(handler)
    result = test_handler_serialization(handler, "area")
    assert (result.is_serializable, result.error) == (True, None)


@pytest.mark.usefixtures("no_cloudpickle")
def test_each_that_cannot_is_named_with_what_to_change() -> None:
    database, other = object(), object()

    def closure(payload: Any) -> Any:
        return database, other

    def local(payload: Any) -> None: ...

    cases: list[tuple[Any, list[str]]] = [
        (lambda payload: payload, ["is a lambda"]),
        (closure, ["closes over 'database', 'other'", "inside of", "test_each_that_cannot"]),
        (local, ["inside of"]),
        (Service().handle, ["method 'handle'", "'Service'"]),
        (Service(), ["object of 'Service'"]),
        (functools.partial(importable.undecorated), ["functools.partial", "payload"]),
    ]
    for handler, told in cases:
        result = validate_handler_serializable(handler, "my_job")
        assert not result
        assert result.error is not None
        for text in ["'my_job'", "top level of a module", "dataqueue[cloudpickle]", *told]:
            assert text in result.error
        assert test_handler_serialization(handler, "my_job") == result


@pytest.mark.usefixtures("no_cloudpickle")
def test_a_name_that_means_something_else_by_now_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    function = importable.undecorated
    monkeypatch.setattr(importable, "undecorated", 5)
    result = validate_handler_serializable(function)
    assert result.error is not None
    assert "is not this function but 5" in result.error


def test_closures_travel_with_cloudpickle() -> None:
    factor = 3

    def times(payload: int) -> int:
        return payload * factor

    assert validate_handler_serializable(times)
    assert test_handler_serialization(times)
    handlers = JobHandlers()
    handlers.job("times", run_in="process")(times)
    with JobQueue("sqlite://:memory:") as queue:
        processor = queue.create_processor(handlers, poll_interval=0.2)
        processor.start_in_background()
        assert queue.wait_for_job(queue.add_job("times", 4), PATIENCE).output == 12
        assert processor.stop_and_drain(PATIENCE)


def test_what_cloudpickle_cannot_copy_is_told_with_its_reason() -> None:
    lock = threading.Lock()

    def waits(payload: Any) -> None:
        with lock:
            pass

    result = validate_handler_serializable(waits)
    assert result.error is not None
    assert "closes over 'lock'" in result.error
    assert "cloudpickle cannot copy it" in result.error


def test_a_module_that_cannot_be_imported_elsewhere_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    module = ModuleType("only_here")
    exec("def handler(payload): ...", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    assert validate_handler_serializable(module.handler)
    result = test_handler_serialization(module.handler)
    assert result.error is not None
    assert "only_here" in result.error


def test_a_module_that_starts_threads_is_imported_by_each_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "threaded.py").write_text(
        "import os, threading\n"
        "over = threading.Event()\n"
        "threading.Thread(target=over.wait, daemon=True).start()\n"
        "imported_in = os.getpid()\n"
        "def handler(payload): return imported_in == os.getpid()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("threaded")
    handlers = JobHandlers()
    handlers.job("threaded", run_in="process")(module.handler)
    with JobQueue("sqlite://:memory:") as queue:
        processor = queue.create_processor(handlers, concurrency=1, poll_interval=0.2)
        processor.start_in_background()
        # Forked with the module, and without its thread, it would find the parent's number there.
        assert [queue.wait_for_job(queue.add_job("threaded", None), PATIENCE).output for _ in range(2)] == [True, True]
        assert processor.stop_and_drain(PATIENCE)
    module.over.set()


def test_a_handler_for_processes_that_cannot_travel_is_refused_when_the_processor_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    handlers = JobHandlers()
    handlers.job("bad", run_in="process")(Service().handle)
    with JobQueue("sqlite://:memory:") as queue, pytest.raises(TypeError, match="the handler of 'bad'"):
        queue.create_processor(handlers)


def test_where_a_handler_runs_is_one_of_a_few() -> None:
    with pytest.raises(ValueError, match="run_in is 'somewhere': it must be one of worker, loop, thread, process"):
        JobHandlers().job("x", run_in="somewhere")  # type: ignore[call-overload]


def test_killing_needs_a_timeout() -> None:
    with JobQueue("sqlite://:memory:") as queue:
        with pytest.raises(ValueError, match="force_kill_on_timeout needs a timeout"):
            queue.add_job("x", None, force_kill_on_timeout=True)
        job_id = queue.add_job("x", None, timeout=5, force_kill_on_timeout=True)
        with pytest.raises(ValueError, match="force_kill_on_timeout needs a timeout"):
            queue.edit_job(job_id, timeout=None, force_kill_on_timeout=True)
        assert queue.edit_job(job_id, timeout=None)
        job = queue.get_job(job_id)
        assert job is not None
        assert (job.timeout, job.force_kill_on_timeout) == (None, False)
        with pytest.raises(TypeError, match="force_kill_on_timeout must be"):
            queue.add_job("x", None, timeout=5, force_kill_on_timeout="yes")  # type: ignore[call-overload]


def test_an_interactive_session_is_told_to_use_a_module() -> None:
    code = (
        "import sys; sys.modules['cloudpickle'] = None\n"
        "from dataqueue import validate_handler_serializable\n"
        "def handler(payload): ...\n"
        "print(validate_handler_serializable(handler).error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "interactive session" in told


def test_the_check_is_no_test_of_pytests() -> None:
    assert travel.test_handler_serialization.__test__ is False  # type: ignore[attr-defined]
