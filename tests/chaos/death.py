"""Where a test says at which effect of an example its process dies."""

from __future__ import annotations

__all__ = ["DEATH"]

DEATH = "DATAQUEUE_TEST_DEATH"
"""The variable with the path of a file: `before` or `after`, and the effect that it is about."""
