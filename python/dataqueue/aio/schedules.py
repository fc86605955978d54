"""Cron schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..arguments import Duration
from ..groups import JobGroup
from ..job_types import JobType
from ..models import JobId
from ..schedules import CronSchedule, CronUpdates, Missed, ScheduleStatus
from .base import AsyncQueueBase

if TYPE_CHECKING:
    from typing_extensions import Unpack

P = TypeVar("P")


class AsyncScheduling(AsyncQueueBase):
    """The methods about cron schedules."""

    @overload
    async def add_cron_job(
        self,
        *,
        schedule_name: str,
        cron_expression: str,
        job_type: JobType[P],
        payload: P,
        timezone: str = "UTC",
        allow_overlap: bool = False,
        missed: Missed | str = "coalesce",
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
    ) -> int: ...
    @overload
    async def add_cron_job(
        self,
        *,
        schedule_name: str,
        cron_expression: str,
        job_type: str,
        payload: Any,
        timezone: str = "UTC",
        allow_overlap: bool = False,
        missed: Missed | str = "coalesce",
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
    ) -> int: ...
    async def add_cron_job(
        self,
        *,
        schedule_name: str,
        cron_expression: str,
        job_type: str | JobType[Any],
        payload: Any,
        timezone: str = "UTC",
        allow_overlap: bool = False,
        missed: Missed | str = "coalesce",
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        force_kill_on_timeout: bool | None = None,
        tags: Sequence[str] | None = None,
        retry_delay: Duration | None = None,
        retry_backoff: bool | None = None,
        retry_delay_max: Duration | None = None,
        group: JobGroup | None = None,
        dead_letter_job_type: str | JobType[Any] | None = None,
        expires_in: Duration | None = None,
        keep_result_for: Duration | None = None,
    ) -> int:
        """Adds a schedule: from now on each tick of its expression adds a job, one however many processors run.

        Processors add the jobs of due schedules by themselves. A job's `run_at` is its tick, and its event `added`
        names the schedule. The job options are those of `add_job`; one left out is that of the job type.

        Args:
            schedule_name: A name that no other schedule has.
            cron_expression: Five fields (minute, hour, day of month, month, day of week) or a nickname such as
                `@daily`.
            job_type: A decorated handler or a `JobType`, which check the payload's type, or a name.
            payload: The payload of each job.
            timezone: The time zone whose clocks it goes by, such as `Europe/Berlin`. A time that they leave out is due
                at the first moment after the gap, and one that they show twice is due once.
            allow_overlap: True adds a job even while the one before is pending, processing or waiting; else that tick
                passes.
            missed: What is done about ticks that came while no processor ran: `coalesce` adds one job for all of them,
                `skip` none for those more than a minute late, `all` one for each.
            priority: Higher runs first.
            max_attempts: How many times a job is tried.
            timeout: How long its handler may run.
            force_kill_on_timeout: Whether that runs in a process, which is killed then.
            tags: Tags to find the jobs by.
            retry_delay: The base delay before a retry.
            retry_backoff: False keeps the delay constant.
            retry_delay_max: The upper bound of the delay.
            group: The group that the jobs belong to.
            dead_letter_job_type: The type of the job that is added when one fails for good.
            expires_in: How long after its tick a job's first attempt may begin.
            keep_result_for: How long a job is kept after its end, where not for as long as others.

        Returns:
            The schedule's id.

        Raises:
            PayloadError: The payload does not fit its type, or cannot be stored.
            ValueError: The name is taken, or an argument is out of its limits; nothing was stored.
        """
        return await self._result(
            self._requests.add_cron_job(
                schedule_name,
                cron_expression,
                job_type,
                payload,
                timezone,
                allow_overlap,
                missed,
                priority=priority,
                max_attempts=max_attempts,
                timeout=timeout,
                force_kill_on_timeout=force_kill_on_timeout,
                tags=tags,
                retry_delay=retry_delay,
                retry_backoff=retry_backoff,
                retry_delay_max=retry_delay_max,
                group=group,
                dead_letter_job_type=dead_letter_job_type,
                expires_in=expires_in,
                keep_result_for=keep_result_for,
            )
        )

    async def edit_cron_job(self, schedule_id: int, **updates: Unpack[CronUpdates]) -> bool:
        """Changes fields of a schedule. Jobs that it has added stay as they are.

        What is left out stays; None clears `timeout`, `tags` and the retry options. A new `cron_expression` or
        `timezone` sets the next tick anew. A payload is checked where a `JobType` is given with it as `job_type`.

        Returns:
            Whether there is such a schedule; False too where nothing is to be changed.
        """
        return await self._result(self._requests.edit_cron_job(schedule_id, updates))

    async def remove_cron_job(self, schedule_id: int) -> bool:
        """Removes a schedule; whether there was one. Jobs that it has added stay."""
        return await self._result(self._requests.remove_cron_job(schedule_id))

    async def pause_cron_job(self, schedule_id: int) -> bool:
        """Keeps a schedule from adding jobs; whether it did: False where it is paused already, or not there."""
        return await self._result(self._requests.pause_cron_job(schedule_id))

    async def resume_cron_job(self, schedule_id: int) -> bool:
        """Lets a paused schedule add jobs from its next tick on. Ticks of the pause are not made good.

        Returns:
            Whether it did: False where it is active already, or not there.
        """
        return await self._result(self._requests.resume_cron_job(schedule_id))

    async def get_cron_job(self, schedule_id: int) -> CronSchedule | None:
        """The schedule of this id, None where there is none."""
        return await self._result(self._requests.get_cron_job(schedule_id))

    async def get_cron_job_by_name(self, schedule_name: str) -> CronSchedule | None:
        """The schedule of this name, None where there is none."""
        return await self._result(self._requests.get_cron_job_by_name(schedule_name))

    async def list_cron_jobs(self, status: ScheduleStatus | str | None = None) -> list[CronSchedule]:
        """The schedules in this status, or all, in the order in which they were added."""
        return await self._result(self._requests.list_cron_jobs(status))

    async def run_cron_job(self, schedule: int | str) -> JobId | None:
        """Adds the job of a schedule once, due now, beside its ticks.

        The schedule stays as it is: a paused one stays paused, and its next tick comes as if nothing had been. Whether
        jobs may overlap is not asked, since somebody wants this one.

        Args:
            schedule: The schedule's id, or its name.

        Returns:
            The id of the job, None where there is no such schedule.

        Raises:
            TypeError: `schedule` is neither an int nor a str.
            ValueError: It is out of its limits.
        """
        return await self._result(self._requests.run_cron_job(schedule))

    async def enqueue_due_cron_jobs(self) -> int:
        """Adds the jobs of all schedules that are due; how many. Processors do this by themselves.

        Safe to call from several places at once: a tick adds its job once.

        Raises:
            ValueError: A schedule could not be fired, since its row was damaged; the others were.
        """
        return await self._result(self._requests.enqueue_due_cron_jobs())
