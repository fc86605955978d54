"""The queue for async code.

`dataqueue.blocking`, its blocking twin, is generated from this folder by `scripts/twins.py`.
"""

from __future__ import annotations

from .queue import AsyncJobQueue

__all__ = ["AsyncJobQueue"]
