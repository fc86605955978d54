"""The pytest plugin, in projects of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

JOBS = """
from dataqueue import AsyncJobContext, JobHandlers
handlers = JobHandlers()

@handlers.job("greet")
async def greet(name: str, *, ctx: AsyncJobContext) -> str:
    await ctx.wait_for(days=7)
    return f"hello {name}"
"""
# Where it is not set, pytest-asyncio warns.
LOOPS = ("-o", "asyncio_default_fixture_loop_scope=function")
CONFTEST = """
import pytest
import jobs

@pytest.fixture
def dataqueue_handlers():
    return jobs.handlers
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("--strict-markers", "-W", "error", "-p", "no:valkey", *LOOPS, *arguments)


def test_the_fixtures_give_fresh_queues_with_the_handlers_of_the_project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(jobs=JOBS)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        test_it="""
import asyncio
import pytest
from datetime import UTC, datetime
from dataqueue.testing import AsyncVirtualQueue, Drained, VirtualQueue
import jobs

def shout(name):
    return name.upper()

@pytest.mark.parametrize("again", [False, True])
def test_blocking(virtual_queue, again):
    assert isinstance(virtual_queue, VirtualQueue)
    assert virtual_queue.count_jobs() == 0
    job_id = virtual_queue.add_job(jobs.greet, "ada")
    assert virtual_queue.advance(days=7) == Drained(completed=1, waiting=1)
    assert virtual_queue.wait_for_job(job_id, 0).output == "hello ada"

def test_its_own_loop(async_virtual_queue):
    async def use():
        await async_virtual_queue.add_job(jobs.greet, "ada")
        assert (await async_virtual_queue.advance(days=7)).completed == 1
    asyncio.run(use())
    asyncio.run(use())

@pytest.mark.asyncio
async def test_awaited(async_virtual_queue):
    assert isinstance(async_virtual_queue, AsyncVirtualQueue)
    await async_virtual_queue.add_job(jobs.greet, "ada")
    assert (await async_virtual_queue.advance(days=7)).completed == 1

@pytest.mark.dataqueue(start=datetime(2030, 1, 1, tzinfo=UTC))
@pytest.mark.asyncio
async def test_both(async_virtual_queue, virtual_queue):
    virtual_queue.add_job(jobs.greet, "ada")
    assert (await async_virtual_queue.advance(days=7)).completed == 1
    assert virtual_queue.now() == datetime(2030, 1, 8, tzinfo=UTC)

@pytest.mark.dataqueue(start=datetime(2030, 1, 1, tzinfo=UTC), handlers={"shout": shout}, inline=True)
class TestOptions:
    def test_of_the_class(self, virtual_queue):
        job_id = virtual_queue.add_job("shout", "ada")
        job = virtual_queue.wait_for_job(job_id, 0)
        assert (job.output, job.completed_at) == ("ADA", datetime(2030, 1, 1, tzinfo=UTC))

    @pytest.mark.dataqueue(inline=False)
    def test_of_the_test_win(self, virtual_queue):
        virtual_queue.add_job("shout", "ada")
        virtual_queue.assert_enqueued("shout", payload="ada")
"""
    )
    run(pytester).assert_outcomes(passed=7)


def test_a_processor_that_a_test_left_running_ends_with_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import threading
import pytest

def shout(name):
    return name.upper()

async def whisper(name):
    return name.lower()

@pytest.mark.parametrize("handler", [shout, whisper])
@pytest.mark.asyncio
async def test_awaited(async_virtual_queue, handler):
    job_id = await async_virtual_queue.add_job("say", "Ada")
    async_virtual_queue.create_processor({"say": handler}).start_in_background()
    assert (await async_virtual_queue.wait_for_job(job_id, 30)).status == "completed"

@pytest.mark.parametrize("handler", [shout, whisper])
def test_blocking(virtual_queue, handler):
    virtual_queue.create_processor({"say": handler}).start_in_background()

def test_nothing_is_left():
    assert [thread.name for thread in threading.enumerate() if "dataqueue" in thread.name] == []
""")
    run(pytester).assert_outcomes(passed=5)


def test_a_failed_assertion_shows_the_queue(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
def test_it(virtual_queue):
    virtual_queue.add_job("greet", "ada")
    virtual_queue.assert_enqueued("greet", payload="bob")
""")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*expected that a job is enqueued with job_type='greet', payload='bob': found 0"])
    result.stdout.fnmatch_lines(['*1: greet "ada" is pending, due now'])


def test_bad_options_of_the_marker_are_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import pytest

@pytest.mark.dataqueue({"greet": print}, inline=True)
def test_by_position(virtual_queue): ...

@pytest.mark.dataqueue(handler={"greet": print})
def test_misspelled(virtual_queue): ...
""")
    result = run(pytester)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*takes its options by name, such as handlers=handlers*"])
    result.stdout.fnmatch_lines(["*unexpected keyword argument 'handler'*"])


def test_a_project_that_does_not_use_it_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_it():
    loaded = [name for name in sys.modules if name.startswith("dataqueue")]
    assert sorted(loaded) == ["dataqueue", "dataqueue.testing", "dataqueue.testing.plugin"]
    assert "pydantic" not in sys.modules
""")
    run(pytester, "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_marker_and_the_fixtures_are_listed(pytester: pytest.Pytester) -> None:
    run(pytester, "--markers").stdout.fnmatch_lines(["@pytest.mark.dataqueue(*options): *virtual_queue*"])
    run(pytester, "--fixtures").stdout.fnmatch_lines(["async_virtual_queue*", "*Any event loop may use it*"])
