"""How many changes a visitor may make in a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Pace"]

_MOST_VISITORS = 1_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Pace:
    """A bucket of changes for each visitor, which fills again at a steady rate."""

    def __init__(self, most: int = 60, per: float = 60.0) -> None:
        """A pace of `most` changes within `per` seconds."""
        self._most, self._rate = most, most / per
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, who: str) -> float:
        """Takes a change; 0, or after how many seconds there is one to take."""
        now = time.monotonic()
        bucket = self._buckets.pop(who, None) or _Bucket(float(self._most), now)
        bucket.tokens = min(float(self._most), bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        self._buckets[who] = bucket
        while len(self._buckets) > _MOST_VISITORS:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._rate
        bucket.tokens -= 1
        return 0
