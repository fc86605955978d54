"""`fork()` and `multiprocessing`: parent and child both work."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from dataqueue import AsyncJobQueue, Job, JobHandlers, JobQueue, UnsupportedBackend
from tests.processes import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def run_as_child(work: Callable[[], object]) -> NoReturn:
    """Runs `work` in a process that was just forked, and ends it."""
    signal.alarm(int(PATIENCE))
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def fork(work: Callable[[], object]) -> int:
    """Starts a child that does `work`."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        run_as_child(work)
    return pid


def in_child(work: Callable[[], object]) -> None:
    """Runs `work` in a forked child, which must end well."""
    ends_well(fork(work))


def ends_well(pid: int) -> None:
    """Waits for a child."""
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def some_handlers() -> JobHandlers:
    handlers = JobHandlers()

    # Types of this process alone: another one's processor leaves them.
    @handlers.job(f"sync-{os.getpid()}")
    def sync(payload: None) -> int:
        return os.getpid()

    @handlers.job(f"async-{os.getpid()}")
    async def on_loop(payload: None) -> int:
        return os.getpid()

    return handlers


def works(queue: JobQueue) -> None:
    """Adds jobs, and runs them in this very process."""
    handlers = some_handlers()
    ids = queue.add_jobs([Job(name, None) for name in handlers for _ in range(5)])
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    assert {queue.wait_for_job(job_id, PATIENCE).output for job_id in ids} == {os.getpid()}
    assert processor.stop_and_drain(PATIENCE)


def test_a_queue_opened_before_a_fork_works_on_both_sides(store_url: str) -> None:
    queue = JobQueue(store_url)
    for _ in range(3):
        in_child(lambda: works(queue))
    works(queue)
    for _ in range(3):
        in_child(lambda: works(queue))
        works(queue)
    in_child(queue.close)
    works(queue)
    queue.close()


def test_forks_in_the_midst_of_work_harm_neither_side(store_url: str) -> None:
    queue = JobQueue(store_url)
    stop = threading.Event()
    errors: list[BaseException] = []

    def churn() -> None:
        try:
            while not stop.is_set():
                queue.add_job("elsewhere", None)
                queue.count_jobs()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        in_child(lambda: queue.add_job("elsewhere", None).created and queue.count_jobs())
    in_child(lambda: works(queue))
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert not errors
    works(queue)
    queue.close()


def test_a_running_processor_says_in_the_child_what_to_do(store_url: str) -> None:
    queue = JobQueue(store_url)
    processor = queue.create_processor(some_handlers())
    processor.start_in_background()

    def use() -> None:
        assert not processor.is_running()
        for call in (processor.stop_and_drain, processor.start_in_background, processor.start, processor.stop):
            with pytest.raises(RuntimeError, match="create a processor in the child"):
                call()
        # As it says.
        works(queue)

    for _ in range(3):
        in_child(use)
    assert processor.is_running()
    job_id = queue.add_job(f"sync-{os.getpid()}", None)
    assert queue.wait_for_job(job_id, PATIENCE).output == os.getpid()
    assert processor.stop_and_drain(PATIENCE)
    # Once it has stopped there is nothing to take along, and the child may use it.
    in_child(processor.start)
    queue.close()


def test_a_child_of_a_running_processor_may_exit_by_itself(store_url: str) -> None:
    queue = JobQueue(store_url, verbose=True)
    processor = queue.create_processor(some_handlers())
    processor.start_in_background()
    for _ in range(3):
        # As a script's end does it, with everything that was registered to run then.
        in_child(threading._shutdown)  # type: ignore[attr-defined]
    assert queue.wait_for_job(queue.add_job(f"async-{os.getpid()}", None), PATIENCE).output == os.getpid()
    assert processor.stop_and_drain(PATIENCE)
    queue.close()


def test_an_async_queue_works_in_a_child_with_a_loop_of_its_own(store_url: str) -> None:
    import asyncio

    async def use(queue: AsyncJobQueue) -> None:
        job_id = await queue.add_job(f"sync-{os.getpid()}", None)
        processor = queue.create_processor(some_handlers())
        processor.start_in_background()
        assert (await queue.wait_for_job(job_id, PATIENCE)).output == os.getpid()
        assert await processor.stop_and_drain(PATIENCE)

    queue = AsyncJobQueue(store_url)
    asyncio.run(use(queue))
    in_child(lambda: asyncio.run(use(queue)))
    asyncio.run(use(queue))
    asyncio.run(queue.close())


def test_a_fork_that_python_is_not_told_of_is_refused_before_it_can_harm(sqlite_store_url: str) -> None:
    def forks() -> None:
        queue = JobQueue(sqlite_store_url)
        queue.add_job("kept", None)

        def use() -> None:
            for count in (queue.count_jobs, JobQueue(sqlite_store_url).count_jobs):
                with pytest.raises(UnsupportedBackend, match="forked"):
                    count()

        # As a program in C forks that embeds Python.
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            run_as_child(use)
        ends_well(pid)
        works(queue)
        queue.close()
        # Nothing is open now.
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            run_as_child(lambda: works(JobQueue(sqlite_store_url)))
        ends_well(pid)

    # Of what other tests left open in this process, nothing is open in a child of Python's own fork.
    in_child(forks)


def test_children_of_one_parent_hear_of_each_other(store_url: str) -> None:
    queue = JobQueue(store_url)
    queue.count_jobs()

    def serve() -> None:
        processor = queue.create_processor({"ping": lambda _payload: "pong"}, poll_interval=600)
        processor.start_in_background()
        until(lambda: queue.count_jobs(job_type="over"), "the other child had all its answers")
        assert processor.stop_and_drain(PATIENCE)

    def ask() -> None:
        for _ in range(5):
            # The server is idle by now: without a hint it would not look again in time.
            assert queue.wait_for_job(queue.add_job("ping", None), PATIENCE).output == "pong"
        queue.add_job("over", None)

    server = fork(serve)
    in_child(ask)
    ends_well(server)
    queue.close()


def work_in_pool(url: str, number: int) -> int:
    with JobQueue(url) as queue:
        works(queue)
        return number


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing_works(store_url: str, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    with JobQueue(store_url) as queue:
        works(queue)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert list(pool.map(work_in_pool, [store_url] * 4, range(4))) == [0, 1, 2, 3]
        works(queue)
