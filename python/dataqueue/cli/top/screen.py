"""The terminal as a screen that is drawn again and again, and its keys."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["keys", "paint", "screen", "wait_for_keys"]

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_TICK = 0.05
_MOST_KEYS = 64


@contextmanager
def screen() -> Iterator[None]:
    """The terminal's other screen, without a cursor; what was there before comes back in the end."""

    def stop(*_: Any) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    _write(_ENTER)
    try:
        yield
    finally:
        _write(_LEAVE)
        signal.signal(signal.SIGTERM, before)


def paint(lines: list[str]) -> None:
    """Draws lines over those before, without a blank moment between."""
    _write("\x1b[H" + "".join(f"{line}\x1b[K\r\n" for line in lines) + "\x1b[J")


@contextmanager
def keys() -> Iterator[None]:
    """Keys come one by one and are not shown, where the standard input is a terminal."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def wait_for_keys(timeout: float) -> str:
    """The keys that were pressed, none when that time is over."""
    if sys.platform == "win32":
        return _wait_on_windows(timeout)
    if not sys.stdin.isatty():
        time.sleep(timeout)
        return ""
    ready, _, _ = select.select([sys.stdin], [], [], timeout)
    if not ready:
        return ""
    # Past Python's own buffer, of which nothing tells that it holds a key. A terminal that was closed has none.
    return os.read(sys.stdin.fileno(), _MOST_KEYS).decode(errors="ignore") or "q"


def _wait_on_windows(timeout: float) -> str:
    import msvcrt

    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if msvcrt.kbhit():  # type: ignore[attr-defined]
            return str(msvcrt.getwch())  # type: ignore[attr-defined]
        time.sleep(_TICK)
    return ""


def _write(text: str) -> None:
    click.echo(text, nl=False)
    sys.stdout.flush()
