"""Handlers for a worker that runs jobs before it reports to its parent, as on a machine that is busy."""

from __future__ import annotations

import time
from typing import Any

from dataqueue import Processor
from tests.python.worker_handlers import handlers

__all__ = ["handlers"]

_follow = Processor._follow


def _late(*arguments: Any) -> None:
    time.sleep(2)
    _follow(*arguments)


Processor._follow = _late  # type: ignore[assignment,method-assign]
