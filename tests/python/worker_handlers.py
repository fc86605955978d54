"""Handlers for the tests of `dataqueue worker`."""

from __future__ import annotations

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
