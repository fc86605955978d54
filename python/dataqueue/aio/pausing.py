"""Pausing, for the whole fleet."""

from __future__ import annotations

from typing import Any

from ..flow import Paused
from ..job_types import JobType
from .base import AsyncQueueBase


class AsyncPausing(AsyncQueueBase):
    """The methods that keep jobs from running, and let them run again."""

    async def pause(self, job_type: str | JobType[Any] | None = None, *, group: str | None = None) -> bool:
        """Keeps jobs from being started, on every worker, until `resume`; what runs goes on. Adding goes on too.

        A job type, or a group, or, where neither is named, everything. Once this has returned, no worker starts any.

        Args:
            job_type: The type whose jobs are to wait.
            group: The id of the group whose jobs are to wait.

        Returns:
            False where that was paused already.

        Raises:
            ValueError: Both are named, or a name is empty or too long.
        """
        return await self._result(self._requests.set_paused(job_type, group, True))

    async def resume(self, job_type: str | JobType[Any] | None = None, *, group: str | None = None) -> bool:
        """Lets go on what `pause` with the same arguments keeps from running.

        Args:
            job_type: The type that was paused.
            group: The id of the group that was paused.

        Returns:
            False where that was not paused.

        Raises:
            ValueError: Both are named, or a name is empty or too long.
        """
        return await self._result(self._requests.set_paused(job_type, group, False))

    async def paused(self) -> list[Paused]:
        """What is paused now; a type that is not named here runs only if everything is not paused either."""
        return await self._result(self._requests.paused())
