"""Keeping the store: clean-up, migrations, and its own connections lent."""

from __future__ import annotations

from ..filters import StatusFilter
from ..models import Durability, MigrationStep
from ..pool import AsyncPoolHandle
from ..redis_client import AsyncRedisHandle
from .base import AsyncQueueBase


class AsyncUpkeep(AsyncQueueBase):
    """The methods that keep the store."""

    async def cleanup_old_jobs(
        self, days_to_keep: float = 30, statuses: StatusFilter = ("completed", "failed", "cancelled")
    ) -> int:
        """Deletes jobs that ended and were not changed for so many days, with their events; how many.

        A failed job with a retry due is kept, and so is one with `keep_result_for`, which is deleted by that. Works in
        steps, each committed.
        """
        return await self._result(self._requests.cleanup_old_jobs(days_to_keep, statuses))

    async def cleanup_old_payloads(self, days_to_keep: float = 30) -> int:
        """Empties the payloads of jobs that completed so many days ago; how many.

        The jobs stay, with their outputs and events, and read a payload of None; a completed job is never run again.
        For payloads that are large, or that should not be kept. Works in steps, each committed.
        """
        return await self._result(self._requests.cleanup_old_payloads(days_to_keep))

    async def cleanup_old_job_events(self, days_to_keep: float = 30) -> int:
        """Deletes events older than so many days; how many. Works in steps, each committed."""
        return await self._result(self._requests.cleanup_old_job_events(days_to_keep))

    async def reclaim_stuck_jobs(self, max_processing_minutes: float = 10) -> int:
        """Takes jobs back from workers that died; how many. Processors do this by themselves, much sooner.

        A job is stuck when its worker's lease has run out and was last renewed longer ago than the greater of
        `max_processing_minutes` and the job's own timeout. A living worker's job never is.
        """
        return await self._result(self._requests.reclaim_stuck_jobs(max_processing_minutes))

    async def migrate(self, to: int | None = None, *, adopt: bool = False) -> list[MigrationStep]:
        """Brings the schema to the newest version, or to version `to`; what was done. Safe to repeat and to race.

        One transaction under a lock: all of it is done, or nothing.

        Args:
            to: The version; the newest if left out.
            adopt: Takes over a database of the TypeScript library of the same name, if the schema is one: what it lacks
                is added, and that library goes on using its tables beside this one.

        Raises:
            ValueError: There is no such version, or `adopt` and `to` are given; the schema has a table `job_queue` that
                this library did not make, and is not to be adopted; an adopted schema would lose what it had before.
            UnsupportedBackend: `adopt`, on another store than PostgreSQL.
        """
        return await self._result(self._requests.migrate(to, adopt))

    def get_pool(self) -> AsyncPoolHandle:
        """The queue's PostgreSQL connections, for statements of your own.

        Raises:
            UnsupportedBackend: The queue is not on PostgreSQL.
        """
        return AsyncPoolHandle(self._requests.need("postgresql", "PostgreSQL", "get_pool"), self._inboxes)

    def get_redis_client(self) -> AsyncRedisHandle:
        """The queue's Redis connections, for commands of your own.

        Raises:
            UnsupportedBackend: The queue is not on Redis.
        """
        return AsyncRedisHandle(self._requests.need("redis", "Redis", "get_redis_client"), self._inboxes)

    async def durability(self) -> Durability:
        """What survives a crash of the store, as its server is set up now, and what does not."""
        return await self._result(self._requests.durability())
