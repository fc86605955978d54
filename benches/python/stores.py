"""Fresh stores to measure on, and what a store can tell about the work that it did."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benches.compare.orchestrate.places import Place, Work
from benches.compare.orchestrate.processes import Usage, usage
from benches.compare.orchestrate.servers import Servers
from dataqueue import JobQueue

NAMES = ("postgres", "redis", "sqlite")


@dataclass(frozen=True)
class Store:
    """A place for one queue."""

    name: str
    url: str
    place: Place

    def work(self) -> tuple[Work, Usage]:
        """What it did so far, and what this process did, in which SQLite runs."""
        return self.place.work(), usage(os.getpid()) or Usage()


@contextmanager
def fresh(name: str) -> Iterator[Store]:
    """A store that nothing else uses, set up and empty."""
    with Servers() as servers, servers.place(name) as place:
        url = f"sqlite:///{place.url}" if name == "sqlite" else place.url
        with JobQueue(url) as queue:
            queue.migrate()
        yield Store(name, url, place)
