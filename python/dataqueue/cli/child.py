"""One worker process: `python -m dataqueue.cli.child`, started by `dataqueue worker`, which tells it what to do."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import click

from ..errors import DataQueueError
from .ends import DRAINED, MISTAKE
from .targets import load

_NOT_NOW = 3
_MAIMED = 4
_STOPPED_AT_ONCE = 130

# How long threads that handlers left behind may keep the process from ending.
_LINGER = 5.0


class _Orders:
    """When to stop: a signal, or the end of the line to the parent, which ends with the parent too."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._signals = 0
        self._up = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        # Handlers get an empty standard input, as a service has it.
        self._line = os.dup(0)
        self._identity = _identity(self._line)
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)

    def request(self) -> dict[str, Any]:
        """What the parent asks for."""
        text = b""
        while not text.endswith(b"\n"):
            byte = os.read(self._line, 1)
            if not byte:
                os._exit(0)
            text += byte
        threading.Thread(target=self._watch, name="dataqueue-parent", daemon=True).start()
        request: dict[str, Any] = json.loads(text)
        return request

    def announce(self) -> None:
        """Tells the parent that nothing keeps this process from claiming jobs, before it claims one.

        A handler may end the process at once, with any exit code: that is not taken for a mistake of the start.
        """
        self._up = True
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.write(self._line, b"{}\n")

    def hand_over(self, follow: Callable[[int], None]) -> None:
        """Jobs are being claimed: from now on the engine tells the parent how it is, and heeds the end of the line.

        A handler that holds the interpreter keeps this thread from both.
        """
        # A pipe has one direction.
        if sys.platform != "win32":
            follow(self._line)

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Returns when it is time to stop: when it was told to, or is over by itself."""
        # In slices: a signal handler of Python's runs between them on every platform.
        while not self.stop.wait(0.5) and not is_over():
            self._look_after_files()

    def _look_after_files(self) -> None:
        """Ends the process when a handler closed its files: the engine waits on some, and cannot go on without."""
        if _identity(self._line) != self._identity:
            click.echo("the files of this process were closed, as by os.closerange in a handler: ending it", err=True)
            os._exit(_MAIMED)

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(self._line, 64):
                pass
        self._end()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            os._exit(_STOPPED_AT_ONCE)
        self._end()

    def _end(self) -> None:
        if not self._up:
            # Nothing was claimed, and an import that hangs must not keep the process.
            os._exit(0)
        self.stop.set()


def _identity(file: int) -> tuple[int, int] | None:
    """What a file descriptor leads to; None once it is closed."""
    try:
        found = os.fstat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _work(
    orders: _Orders,
    target: str,
    url: str | None,
    schema: str | None,
    env_path: str | None,
    key_prefix: str | None,
    **options: Any,
) -> int:
    """Runs jobs until it is told to stop."""
    from ..arguments import seconds
    from ..blocking import JobQueue
    from .options import open_config

    handlers = load(target)
    drain_timeout = seconds("drain_timeout", options.pop("drain_timeout"))
    options["job_type"] = options["job_type"] or None
    options["group_concurrency"] = group_limits(options["group_concurrency"])
    options["fair"] = turns(options["fair"], options.pop("fair_weight"))
    with JobQueue(open_config(url, schema, env_path, key_prefix=key_prefix)) as queue:
        # A store that is not there, or not as it should be, shows at the first look.
        queue.get_job(1)
        processor = queue.create_processor(handlers, **options)
        orders.announce()
        processor.start_in_background()
        orders.hand_over(lambda line: processor._follow(line, drain_timeout))
        orders.wait(processor._was_asked_to_drain)
        if not processor.stop_and_drain(drain_timeout):
            return 1
        return DRAINED if processor._was_asked_to_drain() and not orders.stop.is_set() else 0


def group_limits(given: list[str]) -> dict[str | None, int] | None:
    """What `--group-concurrency` says: numbers, each of a tier or of all others; None where it was not given.

    Raises:
        click.ClickException: One is of another form.
    """
    limits: dict[str | None, int] = {}
    for text in given:
        tier, equals, number = text.rpartition("=")
        if not number.isascii() or not number.isdigit() or (equals and not tier):
            raise click.ClickException(f"--group-concurrency is {text!r}: it must be a number, or TIER=NUMBER")
        limits[tier if equals else None] = int(number)
    return limits or None


def turns(fair: bool, given: list[str]) -> bool | dict[str, int]:
    """What `--fair` and `--fair-weight` say: whether groups take turns, or their weights by tier.

    Raises:
        click.ClickException: A weight is of another form.
    """
    weights: dict[str, int] = {}
    for text in given:
        tier, _, number = text.rpartition("=")
        if not tier or not number.isascii() or not number.isdigit():
            raise click.ClickException(f"--fair-weight is {text!r}: it must be TIER=NUMBER, such as gold=3")
        weights[tier] = int(number)
    return weights or fair


def _main() -> int:
    orders = _Orders()
    try:
        return _work(orders, **orders.request())
    except click.ClickException as error:
        error.show()
        return MISTAKE
    except (DataQueueError, ValueError, TypeError) as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        return _NOT_NOW if isinstance(error, DataQueueError) and error.retryable else MISTAKE


if __name__ == "__main__":
    code = _main()
    # Says where a thread hangs before it ends the process.
    faulthandler.dump_traceback_later(_LINGER, exit=True)
    sys.exit(code)
