"""What is looked at on every store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..printing import span
from .finding import Finding, notice, ok, problem, warning

if TYPE_CHECKING:
    from ...blocking import JobQueue

__all__ = ["clock", "durability", "round_trip", "schema"]

_SLOW = 0.1
_ASIDE = 2.0


def round_trip(ask: Callable[[], object]) -> Iterable[Finding]:
    """How long an answer takes, the quickest of three: what is lasting, and not of the moment."""
    spans = []
    for _ in range(3):
        began = time.monotonic()
        ask()
        spans.append(time.monotonic() - began)
    found = f"an answer takes {min(spans) * 1000:.1f} ms"
    if min(spans) > _SLOW:
        yield warning(
            "round trip",
            found,
            "run workers near the store: each claim and each result takes several of these",
        )
    else:
        yield ok("round trip", found)


def schema(queue: JobQueue) -> Iterable[Finding]:
    """Whether the schema is that of this library."""
    applied, known = queue._requests.store.migration_state().wait()
    missing = [f"{version:04d} {name}" for version, name in known if version not in applied]
    at, needed = max(applied, default=0), len(known)
    if missing:
        yield problem(
            "schema",
            f"version {at}, and this library needs {needed}: missing are {', '.join(missing)}",
            "run `dataqueue migrate up` with the same --url",
        )
    elif at > needed:
        yield notice(
            "schema",
            f"version {at}, newer than this library's {needed}, which works beside it",
            "upgrade the dataqueue package here when all workers are to be of one version",
        )
    else:
        yield ok("schema", f"version {at}, as this library needs")


def durability(queue: JobQueue) -> Iterable[Finding]:
    """What a crash of the store may lose."""
    found = queue.durability()
    told = f"{found.store} with {found.persistence}: a crash may lose: {found.may_lose}"
    if found.durable:
        yield ok("durability", told)
    elif found.may_lose.startswith("Everything"):
        yield problem("durability", told, "turn on what is off, unless these jobs may be lost")
    else:
        yield warning("durability", told, "turn on what is off, unless the last jobs may be lost")


def clock(ask: Callable[[], datetime]) -> Iterable[Finding]:
    """How far the clocks of the store and of this machine are apart."""
    before = datetime.now(UTC)
    theirs = ask()
    after = datetime.now(UTC)
    apart = (theirs - (before + (after - before) / 2)).total_seconds()
    uncertain = (after - before).total_seconds() / 2
    if abs(apart) <= _ASIDE + uncertain:
        yield ok("clock", f"the store's differs from this machine's by less than {_ASIDE + uncertain:.1f} s")
    else:
        way = "ahead of" if apart > 0 else "behind"
        yield warning(
            "clock",
            f"the store's is {span(abs(apart))} {way} this machine's",
            "let both follow a time server: the store's clock decides, and a run_at of this machine's clock comes at "
            "another time than it says",
        )
