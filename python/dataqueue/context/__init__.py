"""What a handler can do besides returning: report, extend its time, keep steps, wait, and learn that it should stop."""

from __future__ import annotations

from .aio import AsyncJobContext
from .base import OnTimeout, WaitFields
from .blocking import JobContext

__all__ = ["AsyncJobContext", "JobContext", "OnTimeout", "WaitFields"]
