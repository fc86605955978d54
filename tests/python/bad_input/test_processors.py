"""Bad options of a processor, and bad answers of its handlers."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from dataqueue import AsyncJobQueue, JobHandlers, JobQueue, RateLimit

BAD: list[tuple[str, Any, type[Exception], str]] = [
    ("worker_id", "", ValueError, "is empty: give it 1 to 255"),
    ("worker_id", "w" * 256, ValueError, "256 characters: at most 255"),
    ("worker_id", "a\0", ValueError, "NUL"),
    ("worker_id", "\ud800", ValueError, "half of a surrogate pair"),
    ("worker_id", 5, TypeError, "must be a str, not int"),
    ("batch_size", 0, ValueError, "is 0: it must be from 1 to 10000"),
    ("batch_size", 10_001, ValueError, "is 10001: it must be from 1 to 10000"),
    ("batch_size", True, TypeError, "an int, not bool"),
    ("batch_size", 1.5, TypeError, "an int, not float"),
    ("concurrency", 0, ValueError, "is 0: it must be from 1 to 10000"),
    ("concurrency", 10_001, ValueError, "from 1 to 10000"),
    ("concurrency", "3", TypeError, "an int, not str"),
    ("poll_interval", 0, ValueError, "must be positive"),
    ("poll_interval", -1, ValueError, "must not be negative"),
    ("poll_interval", math.nan, ValueError, "a finite number"),
    ("poll_interval", 1e300, ValueError, "at most 2147483"),
    ("poll_interval", "5", TypeError, "seconds .* or a timedelta, not str"),
    ("default_timeout", 0, ValueError, "at least one millisecond, or None"),
    ("default_timeout", -1, ValueError, "must not be negative"),
    ("default_timeout", timedelta.max, ValueError, "at most 2147483"),
    ("lease", 0, ValueError, "must be positive"),
    ("lease", 0.05, ValueError, "at least 0.1"),
    ("lease", math.inf, ValueError, "a finite number"),
    ("lease", 1e300, ValueError, "at most 2147483"),
    ("lease", None, TypeError, "seconds .* or a timedelta, not NoneType"),
    ("job_type", [], ValueError, "is an empty list"),
    ("job_type", "", ValueError, "is empty: give it 1 to 255"),
    ("job_type", ["a", 5], TypeError, "a job type or its name"),
    ("job_type", 5, TypeError, "one value or a list"),
    ("job_type", len, TypeError, "one value or a list"),
    ("unhandled", "ignore", ValueError, "is 'ignore': it must be 'leave' or 'fail'"),
    ("unhandled", None, ValueError, "must be 'leave' or 'fail'"),
    ("on_error", "log", TypeError, "a function of one argument"),
    ("group_concurrency", 0, ValueError, "it must be from 1"),
    ("group_concurrency", {"gold": 0}, ValueError, r"\['gold'\] is 0"),
    ("group_rate_limit", 5, TypeError, "must be a RateLimit, not int"),
    ("group_rate_limit", {"gold": (1, 1)}, TypeError, r"\['gold'\] must be a RateLimit, not tuple"),
    ("group_rate_limit", RateLimit(1, per=1, key="k"), ValueError, "has the key 'k'"),
    ("group_rate_limit", {5: RateLimit(1, per=1)}, TypeError, "a tier of group_rate_limit must be"),
    ("fair", {"gold": 0}, ValueError, r"\['gold'\] is 0: it must be from 1 to 1000"),
    ("fair", {"gold": 1001}, ValueError, r"\['gold'\] is 1001: it must be from 1 to 1000"),
    ("fair", {"gold": True}, TypeError, r"\['gold'\] must be an int, not bool"),
    ("fair", {"gold": 1.5}, TypeError, r"\['gold'\] must be an int, not float"),
    ("fair", {"": 1}, ValueError, "is empty: give it 1 to 255"),
    ("fair", {None: 1}, TypeError, "a tier of fair must be"),
    ("fair", None, TypeError, "True, False or a mapping from tiers"),
    ("fair", "gold", TypeError, "True, False or a mapping from tiers"),
    ("colour", "red", TypeError, "unexpected keyword"),
]


def handlers() -> JobHandlers:
    return JobHandlers({"t": lambda payload: payload})


@pytest.mark.parametrize(("option", "value", "error", "says"), BAD)
async def test_a_bad_option_is_refused_when_the_processor_is_made(
    shared_store_url: str, queue: JobQueue, option: str, value: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        queue.create_processor(handlers(), **{option: value})
    assert option in str(raised.value)
    async with AsyncJobQueue(shared_store_url) as twin:
        with pytest.raises(error, match=says):
            twin.create_processor(handlers(), **{option: value})


@pytest.mark.parametrize("timeout", [-1, math.nan, "5", None])
def test_a_bad_patience_of_a_drain_is_refused(queue: JobQueue, timeout: Any) -> None:
    processor = queue.create_processor(handlers())
    processor.start_in_background()
    with pytest.raises((ValueError, TypeError), match="timeout"):
        processor.stop_and_drain(timeout)
    assert processor.is_running()
    assert processor.stop_and_drain(1e300)


def test_a_processor_of_async_code_needs_a_running_loop(shared_store_url: str) -> None:
    processor = AsyncJobQueue(shared_store_url).create_processor(handlers())
    with pytest.raises(RuntimeError, match="no running event loop"):
        processor.start_in_background()
    assert not processor.is_running()
