"""Waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 30.0
"""How long a condition may take to come true, in seconds. Nothing waits this long unless it is broken."""


def wait_until(condition: Callable[[], object], what: str = "") -> None:
    """Waits until `condition` holds, and fails when it does not come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"did not come true within {PATIENCE:g} s: {what or condition.__name__}"
        time.sleep(0.01)
