"""A proxy that knows no `SUBSCRIBE`: processors poll, and neither the log nor the proxy hears much of it."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from dataqueue import JobHandlers, JobQueue
from tests.processes import PATIENCE, until
from tests.python.redis_faults.forwarder import run_forwarder
from tests.python.redis_faults.load import Load

if TYPE_CHECKING:
    import pytest

    from tests.redis_process import RedisProcess

TRIES = 6


def test_without_subscriptions_jobs_are_polled_for(server: RedisProcess, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="dataqueue")
    with run_forwarder(server.port, refuses=(b"SUBSCRIBE",)) as proxy:
        # Else its log stays in the engine.
        with Load(proxy.url, verbose=True) as load:
            load.goes_on(50)
            until(lambda: len(proxy.refused) >= TRIES, "it is tried again")
            load.goes_on(50)
            load.check()
            until(lambda: told(caplog), "somebody is told")
        assert len(told(caplog)) == 1, told(caplog)
        gaps = [after - before for before, after in itertools.pairwise(proxy.refused)]
        # Each pause may be twice the last, and at least half of that.
        assert all(gap > 0.024 * 2**at for at, gap in enumerate(gaps[: TRIES - 1])), gaps
        # The calls of each queue share a connection.
        assert proxy.opened <= len(proxy.refused) + 4


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log holds about listening."""
    return [text for text in (record.getMessage() for record in caplog.records) if "listen" in text]


def test_a_job_that_is_waited_for_is_looked_at_now_and_then(server: RedisProcess) -> None:
    with run_forwarder(server.port, refuses=(b"SUBSCRIBE",)) as proxy, JobQueue(proxy.url) as queue:
        job_id = queue.add_job("task", 1)
        with JobQueue(server.url) as elsewhere:
            processor = elsewhere.create_processor(JobHandlers({"task": lambda payload: payload + 1}))
            processor.start_in_background()
            assert queue.wait_for_job(job_id, PATIENCE).output == 2
            assert processor.stop_and_drain(PATIENCE)
