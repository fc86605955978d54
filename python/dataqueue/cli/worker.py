"""`dataqueue worker`: a parent that keeps worker processes alive, and what each of them does."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import click

from .options import key_prefix_option, open_config, store_options

__all__ = ["work", "worker"]

# A child that lives shorter than this has not started well.
_WELL = 5.0
_GIVE_UP_AFTER = 3
_LONGEST_PAUSE = 30.0
_STOPPED_AT_ONCE = 130


@click.command()
@click.argument("target", metavar="MODULE:HANDLERS")
@store_options
@key_prefix_option
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--concurrency", default=3, show_default=True, type=click.IntRange(1, 10_000), help="Jobs at once, each.")
@click.option("--batch-size", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Jobs per claim.")
@click.option("--job-type", multiple=True, help="Claim only this type; may be repeated.")
@click.option("--poll-interval", default=5.0, show_default=True, help="Seconds between looks when nothing wakes it.")
@click.option("--lease", default=30.0, show_default=True, help="Seconds until a dead worker's jobs are taken over.")
@click.option("--drain-timeout", default=30.0, show_default=True, help="Seconds for running jobs when stopping.")
def worker(target: str, processes: int, **options: Any) -> None:
    """Run the jobs of MODULE:HANDLERS, such as `myapp.jobs:handlers`.

    SIGTERM or SIGINT drains: running jobs end, the others go back. A second signal stops at once. Exits with 0 after a
    clean drain, 1 when a worker would not start or did not end cleanly, 130 when stopped at once.
    """
    sys.exit(_Fleet(target, processes, options).run())


def work(
    target: str, url: str | None, schema: str | None, env_path: str | None, key_prefix: str | None, **options: Any
) -> int:
    """One worker process, until a signal ends it."""
    from ..queue import JobQueue

    handlers = load(target)
    stop = threading.Event()
    signals = 0

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        stop.set()
        if signals > 1:
            os._exit(_STOPPED_AT_ONCE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    drain_timeout = options.pop("drain_timeout")
    options["job_type"] = list(options["job_type"]) or None
    with JobQueue(open_config(url, schema, env_path, key_prefix=key_prefix)) as queue:
        queue.count_jobs(status="processing")
        processor = queue.create_processor(handlers, **options)
        processor.start_in_background()
        # In slices: a signal handler of Python's runs between them on every platform.
        while not stop.wait(0.5):
            pass
        return 0 if processor.stop_and_drain(drain_timeout) else 1


def load(target: str) -> Any:
    """The handlers that MODULE:NAME names.

    Raises:
        click.ClickException: There is no such module or name.
    """
    module_name, colon, attribute = target.partition(":")
    if not colon or not module_name or not attribute:
        raise click.ClickException(f"{target!r} is not of the form MODULE:HANDLERS, such as myapp.jobs:handlers")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise click.ClickException(
            f"there is no module {module_name!r} here: run this where it can be imported"
        ) from None
    if not hasattr(module, attribute):
        raise click.ClickException(f"module {module_name!r} has no {attribute!r}")
    return getattr(module, attribute)


@dataclass
class _Child:
    number: int
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)


class _Fleet:
    """The parent: it starts children, replaces those that die, and passes signals on."""

    def __init__(self, target: str, processes: int, options: dict[str, Any]) -> None:
        self._command = [sys.executable, "-m", "dataqueue.cli.child", target, json.dumps(options)]
        self._processes = processes
        self._children: list[_Child] = []
        self._signals = 0
        self._early_deaths = 0
        self._clean = True

    def run(self) -> int:
        for caught in (signal.SIGTERM, signal.SIGINT):
            signal.signal(caught, self._on_signal)
        for number in range(1, self._processes + 1):
            self._start(number)
        while self._children:
            time.sleep(0.05)
            for child in [child for child in self._children if child.process.poll() is not None]:
                self._children.remove(child)
                self._ended(child)
        return _STOPPED_AT_ONCE if self._signals > 1 else 0 if self._clean else 1

    def _start(self, number: int) -> None:
        # A session of its own: the terminal's Ctrl-C reaches the parent alone, which passes it on once.
        process = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - our own interpreter
        self._children.append(_Child(number, process))
        click.echo(f"worker {number} started, process {process.pid}", err=True)

    def _ended(self, child: _Child) -> None:
        code = child.process.returncode
        if self._signals:
            self._clean = self._clean and code == 0
            return
        click.echo(f"worker {child.number} (process {child.process.pid}) ended {_how(code)}", err=True)
        well = time.monotonic() - child.started >= _WELL
        self._early_deaths = 0 if well else self._early_deaths + 1
        if self._early_deaths >= _GIVE_UP_AFTER * self._processes:
            click.echo("the workers do not start: giving up", err=True)
            self._clean = False
            self._pass_on(signal.SIGTERM)
            self._signals = max(self._signals, 1)
            return
        pause = min(0.2 * 2**self._early_deaths, _LONGEST_PAUSE)
        until = time.monotonic() + (0 if well else pause)
        while time.monotonic() < until and not self._signals:
            time.sleep(0.05)
        if not self._signals:
            self._start(child.number)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(number)


def _how(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
