"""The public surface: what is exported, and that the twins are alike."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import dataqueue
from dataqueue import AsyncJobQueue, AsyncProcessor, AsyncSupervisor, JobQueue, Processor, Supervisor, testing
from dataqueue.testing import AsyncVirtualQueue, VirtualQueue


def test_every_exported_name_is_there() -> None:
    for package in (dataqueue, testing):
        assert all(hasattr(package, name) for name in package.__all__)
        assert package.__all__ == sorted(package.__all__)


def test_the_twins_have_the_same_methods_with_the_same_parameters() -> None:
    twins: list[tuple[type[object], type[object]]] = [
        (JobQueue, AsyncJobQueue),
        (Processor, AsyncProcessor),
        (Supervisor, AsyncSupervisor),
        (VirtualQueue, AsyncVirtualQueue),
    ]
    for sync, twin in twins:
        public = {name for name in dir(sync) if not name.startswith("_")}
        assert public == {name for name in dir(twin) if not name.startswith("_")}
        for name in public:
            if callable(getattr(sync, name)):
                ours, theirs = inspect.signature(getattr(sync, name)), inspect.signature(getattr(twin, name))
                assert list(ours.parameters) == list(theirs.parameters), name
                defaults = [parameter.default for parameter in ours.parameters.values()]
                assert defaults == [parameter.default for parameter in theirs.parameters.values()], name


@pytest.mark.parametrize("module", ["dataqueue", "dataqueue.testing"])
def test_importing_the_package_loads_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "print([m for m in ('pydantic', 'pytest', 'click', 'asyncio', 'rich', 'starlette', 'mcp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_processor_that_nobody_stopped_lets_the_interpreter_exit() -> None:
    code = """
import time
from dataqueue import JobHandlers, JobQueue
handlers = JobHandlers()
@handlers.job("sleep")
def sleep(payload: None) -> None: time.sleep(0.05)
@handlers.job("nap")
async def nap(payload: None) -> None: pass
queue = JobQueue("sqlite://:memory:")
for _ in range(20): queue.add_job(sleep, None); queue.add_job(nap, None)
queue.create_processor(handlers).start_in_background()
"""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
