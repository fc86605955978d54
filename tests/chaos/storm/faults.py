"""What is done to the processes and to the store of a storm."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.storm.stores import PostgresStore, RedisStore, ServerStore, SqliteStore

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.storm.crew import Crew
    from tests.chaos.storm.stores import Store

__all__ = ["Fault", "Interruption", "Weather", "of_processes", "of_store"]


Strike = Callable[["Random"], object]
"""Does harm, and answers False where there was nothing to do it to."""


@dataclass(frozen=True)
class Interruption:
    """A time in which workers could not renew their leases, in nanoseconds."""

    began: int
    ended: int
    pid: int | None = None
    """The process; None for all."""


@dataclass(frozen=True)
class Fault:
    """One kind of harm."""

    name: str
    weight: int
    strike: Strike


class Weather:
    """Faults one after the other, in the order that a seed gives, with pauses between them; in a thread."""

    def __init__(self, faults: list[Fault], chance: Random, pause: tuple[float, float]) -> None:
        self.struck: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self._faults, self._chance, self._pause = faults, chance, pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        weights = [fault.weight for fault in self._faults]
        try:
            while not self._over.wait(self._chance.uniform(*self._pause)):
                [fault] = self._chance.choices(self._faults, weights)
                if fault.strike(self._chance) is not False:
                    self.struck[fault.name] += 1
        except BaseException as error:
            self.errors.append(error)

    def stop(self) -> None:
        """Waits for the end of the fault under way."""
        self._over.set()
        self._thread.join()


def of_processes(crew: Crew, interruptions: list[Interruption]) -> list[Fault]:
    """Harm to workers, and to those that add jobs."""
    lease = crew.size.lease

    def pause(chance: Random, shortest: float, longest: float) -> bool:
        began = time.time_ns()
        pid = crew.pause_worker(chance, lease * chance.uniform(shortest, longest))
        interruptions.append(Interruption(began, time.time_ns(), pid))
        return pid is not None

    return [
        Fault("worker killed", 6, crew.kill_worker),
        Fault("adder killed", 1, crew.kill_adder),
        Fault("worker paused past its lease", 2, lambda chance: pause(chance, 1.3, 2.0)),
        Fault("worker paused within its lease", 1, lambda chance: pause(chance, 0.1, 0.3)),
        Fault("fleet drained and replaced", 1, crew.redeploy),
    ]


def of_store(store: Store, interruptions: list[Interruption]) -> list[Fault]:
    """Harm to a store, and to what leads to it."""
    if isinstance(store, PostgresStore):
        return [*_of_network(store, interruptions), *_of_postgres(store, interruptions)]
    if isinstance(store, RedisStore):
        return [*_of_network(store, interruptions), *_of_redis(store, interruptions)]
    assert isinstance(store, SqliteStore)
    return _of_sqlite(store, interruptions)


def _timed(interruptions: list[Interruption], action: Strike, after: float = 0.0) -> Strike:
    """Does something that keeps all workers from the store, until so many seconds after it."""

    def strike(chance: Random) -> object:
        began = time.time_ns()
        try:
            return action(chance)
        finally:
            interruptions.append(Interruption(began, time.time_ns() + int(after * 1e9)))

    return strike


def _of_network(store: ServerStore, interruptions: list[Interruption]) -> list[Fault]:
    proxy = store.proxy

    def withhold(chance: Random) -> bool:
        before = proxy.withheld
        proxy.withhold()
        time.sleep(chance.uniform(0.02, 0.3))
        proxy.let_go()
        return proxy.withheld > before

    def slow_down(chance: Random) -> None:
        proxy.slow_down(chance.uniform(0.05, 0.3))
        time.sleep(chance.uniform(0.5, 2))
        proxy.let_go()

    return [
        Fault("replies dropped", 4, _timed(interruptions, withhold)),
        Fault("connections half-open", 1, _timed(interruptions, lambda _: proxy.freeze() > 0, store.patience)),
        Fault("network slow", 1, _timed(interruptions, slow_down)),
        Fault("connections cut", 1, _timed(interruptions, lambda _: proxy.cut() > 0)),
    ]


def _of_postgres(store: PostgresStore, interruptions: list[Interruption]) -> list[Fault]:
    def restarted(how: signal.Signals) -> Strike:
        return _timed(interruptions, lambda _: store.restart(how))

    def ended(condition: str, *, one: bool = False) -> Strike:
        return lambda _: store.terminate(condition, one=one) > 0

    return [
        Fault("server restarted fast", 1, restarted(signal.SIGINT)),
        Fault("server restarted at once", 1, restarted(signal.SIGQUIT)),
        Fault("server killed", 1, restarted(signal.SIGKILL)),
        Fault("connection terminated", 4, ended("true", one=True)),
        Fault("all connections terminated", 1, ended("true")),
        Fault("listening connections terminated", 1, ended("query like '%LISTEN%'")),
        Fault("renewing connections terminated", 2, ended("query like '%job_workers SET lease_ms%'")),
    ]


def _of_redis(store: RedisStore, interruptions: list[Interruption]) -> list[Fault]:
    def killed(kind: str) -> Strike:
        return lambda _: int(str(store.do(lambda client: client.client_kill_filter(_type=kind, skipme=True)))) > 0

    return [
        Fault("server killed", 4, _timed(interruptions, lambda _: store.restart())),
        Fault("connections killed", 2, killed("normal")),
        Fault("listening connections killed", 1, killed("pubsub")),
        Fault("scripts flushed", 1, lambda _: store.do(lambda client: client.script_flush())),
        Fault("server asleep", 1, _timed(interruptions, lambda _: _sleep(store))),
    ]


def _sleep(store: RedisStore) -> None:
    store.do(lambda client: client.execute_command("DEBUG", "SLEEP", "0.5"))


def _of_sqlite(store: SqliteStore, interruptions: list[Interruption]) -> list[Fault]:
    # Longer than a call waits for another program, and not so long.
    return [
        Fault("file held for long", 1, _timed(interruptions, lambda _: store.hold(store.patience * 1.2))),
        Fault("file held", 4, _timed(interruptions, lambda chance: store.hold(chance.uniform(0.2, 1.5)))),
    ]
