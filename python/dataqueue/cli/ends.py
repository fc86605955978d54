"""How worker processes end, as their parents read it from the exit code."""

from __future__ import annotations

__all__ = ["DRAINED", "MISTAKE"]

MISTAKE = 2
"""What another try will not mend."""
DRAINED = 83
"""One that was asked, in the store, to drain, and is not to be replaced."""
