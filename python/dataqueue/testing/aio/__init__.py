"""The queue of a test, for async code.

`dataqueue.testing.blocking`, its blocking twin, is generated from this folder by `scripts/twins.py`.
"""

from __future__ import annotations

from .queue import AsyncVirtualQueue

__all__ = ["AsyncVirtualQueue"]
