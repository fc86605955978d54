"""What every part of a queue stands on: its store, and how an answer is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .._inbox import Inboxes
from .._listeners import AsyncListeners
from .._requests import Requests
from ..config import Config
from ..pool import Pool

if TYPE_CHECKING:
    from .._call import Call
    from .._core import Pending
    from .._session import Session

T = TypeVar("T")


class AsyncQueueBase:
    """A store, and the processors at work on it."""

    def __init__(self, config: Config | Pool | None = None, *, verbose: bool = False) -> None:
        """A queue on the store that a URL, a configuration or a shared pool names.

        Args:
            config: A URL (`postgresql://…`, `redis://…`, `sqlite:///jobs.db`), `PostgresConfig`, `RedisConfig`,
                `SqliteConfig`, or a pool from `create_pool`. Without it `$DATAQUEUE_URL`, then
                `$PG_DATAQUEUE_DATABASE`, then `sqlite:///dataqueue.db`.
            verbose: Logs what the engine does through the logger `dataqueue`.

        Raises:
            ConfigError: The URL or an option cannot be used.
        """
        self._listeners = AsyncListeners()
        self._requests = Requests(config, verbose, self._listeners.core)
        self._inboxes = Inboxes()
        # The processors at work, which enter and leave by themselves.
        self._sessions: set[Session] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._requests.store.location}>"

    async def _result(self, call: Call[T]) -> T:
        self._listeners.bind()
        return await self._inboxes.result(call)

    async def _added(self, call: Call[T]) -> T:
        return await self._result(call)

    async def _answer(self, pending: Pending[T]) -> T:
        from .._call import Call

        call: Call[T] = Call(pending, lambda answer: answer)
        return await self._result(call)
