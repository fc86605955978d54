"""The queue for blocking code.

Generated from `dataqueue.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from .queue import JobQueue

__all__ = ["JobQueue"]
