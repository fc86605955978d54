"""The queue of a test, for blocking code.

Generated from `dataqueue.testing.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from .queue import VirtualQueue

__all__ = ["VirtualQueue"]
