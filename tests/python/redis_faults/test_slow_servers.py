"""A server that keeps everybody waiting."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import BackendUnavailable, JobContext, JobHandlers, JobQueue, RedisConfig
from tests.processes import PATIENCE, until
from tests.python.redis_faults.load import Load

if TYPE_CHECKING:
    from tests.redis_process import RedisProcess

SPIN = """
local began = redis.call('TIME')
repeat
    local now = redis.call('TIME')
until (now[1] - began[1]) * 1000000 + now[2] - began[2] > 600000
"""


@pytest.mark.parametrize("how", ["sleeps", "runs somebody's script"])
def test_a_server_that_pauses_loses_no_job_and_no_lease(server: RedisProcess, client: Any, how: str) -> None:
    go_on = threading.Event()
    # After so many milliseconds it turns everybody away until the script is over.
    client.config_set("lua-time-limit", 100)
    handlers = JobHandlers()

    @handlers.job("hold")
    def hold(payload: None, *, ctx: JobContext) -> int:
        go_on.wait(PATIENCE)
        return ctx.job.attempts

    with Load(server.url, lease=5) as load:
        holding = load.queue.create_processor(handlers, lease=5)
        held = load.queue.add_job("hold", None)
        holding.start_in_background()
        until(lambda: load.queue.count_jobs(job_type="hold", status="processing") == 1, "the job runs")
        for _ in range(3):
            load.goes_on()
            if how == "sleeps":
                client.execute_command("DEBUG", "SLEEP", "0.6")
            else:
                client.eval(SPIN, 0)
        load.goes_on()
        go_on.set()
        assert load.queue.wait_for_job(held, PATIENCE).output == 1
        told = [event.event_type.value for event in load.queue.get_job_events(held)]
        assert told == ["added", "processing", "completed"]
        assert holding.stop_and_drain(PATIENCE)
        load.check()


def test_a_server_that_does_not_answer_is_given_up_and_taken_up_again(server: RedisProcess) -> None:
    url = f"{server.url}?connect_timeout=1&response_timeout=0.5"
    with Load(url, may_fail=True) as load, JobQueue(url) as queue:
        queue.count_jobs()
        load.goes_on()
        process = server.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            # That they return at all is the point: the server does not go on before.
            for call in (queue.count_jobs, queue.get_jobs, lambda: queue.add_job("count", -1)):
                with pytest.raises(BackendUnavailable):
                    call()
            with JobQueue(RedisConfig(url)) as late, pytest.raises(BackendUnavailable):
                late.add_job("count", -1)
            load.unanswered += 2
        finally:
            process.send_signal(signal.SIGCONT)
        load.goes_on()
        load.check()
