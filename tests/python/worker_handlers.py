"""Handlers for the tests of `dataqueue worker`."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dataqueue import JobHandlers

handlers = JobHandlers()


@handlers.job("echo")
def echo(payload: Any) -> Any:
    """Answers what it is given."""
    return payload


@handlers.job("who")
async def who(payload: None) -> int:
    """Answers the process it runs in."""
    return os.getpid()


@handlers.job("gate")
def gate(payload: dict[str, str]) -> int:
    """Makes the file `started`, and returns once the file `open` is there."""
    Path(payload["started"]).write_text(str(os.getpid()))
    while not Path(payload["open"]).exists():
        time.sleep(0.01)
    return os.getpid()


@handlers.job("die")
def die(payload: int) -> None:
    """Takes its process along."""
    os._exit(payload)


@handlers.job("read")
def read(payload: None) -> str:
    """Answers all of its standard input."""
    return sys.stdin.read()


@handlers.job("linger")
def linger(payload: None) -> None:
    """Leaves a thread behind that never ends."""
    threading.Thread(target=threading.Event().wait, name="left-behind", daemon=False).start()


@handlers.job("hold")
def hold(payload: dict[str, Any]) -> None:
    """Makes the file `started`, and keeps the interpreter to itself, in C, for `seconds`."""
    Path(payload["started"]).write_text(str(os.getpid()))
    ctypes.PyDLL(None).usleep(int(payload["seconds"] * 1_000_000))


@handlers.job("block_loop")
async def block_loop(payload: dict[str, Any]) -> None:
    """Makes the file `started`, and keeps the event loop to itself."""
    Path(payload["started"]).write_text(str(os.getpid()))  # noqa: ASYNC240 - this is what it is for
    time.sleep(payload["seconds"])  # noqa: ASYNC251 - and this


@handlers.job("ignore")
def ignore(payload: dict[str, Any]) -> None:
    """Makes the file `started`, and lets no signal and no exception stop it."""
    Path(payload["started"]).write_text(str(os.getpid()))
    until = time.monotonic() + payload["seconds"]
    while time.monotonic() < until:
        with contextlib.suppress(BaseException):
            time.sleep(0.05)


@handlers.job("hang_at_exit")
def hang_at_exit(payload: dict[str, Any]) -> None:
    """Sees to it that the interpreter does not come to its end, and returns once that may begin."""
    atexit.register(threading.Event().wait)
    Path(payload["started"]).write_text(str(os.getpid()))
