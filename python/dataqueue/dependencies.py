"""What a job waits for before it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .arguments import check_names
from .errors import DependencyError

__all__ = ["BatchRef", "DependsOn", "batch_ref"]

# As the engine's `policy::dependencies`, which checks the whole call.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class BatchRef:
    """Stands for a job of the same `add_jobs` call, by its place in it; see `batch_ref`."""

    place: int


def batch_ref(place: int) -> BatchRef:
    """Stands for the job at this place of the same `add_jobs` call, counted from 0, among `DependsOn.job_ids`.

    Raises:
        TypeError: The place is not an int.
        DependencyError: It is negative.
    """
    if isinstance(place, bool) or not isinstance(place, int):
        raise TypeError(f"batch_ref() takes the place of a job in the call, an int, not {type(place).__name__}")
    if place < 0:
        raise DependencyError(
            f"batch_ref({place}): places are counted from 0, batch_ref(0) is the first job of the call"
        )
    return BatchRef(place)


@dataclass(frozen=True, slots=True)
class DependsOn:
    """What a job waits for before it runs: all of it.

    The job stays pending, with a `pending_reason`, until each of the jobs completed. If one of them fails for good or
    is cancelled, so is this job, with a `cancel_reason`; and in turn those that wait for it.

    Attributes:
        job_ids: The jobs that must have completed: ids, and `batch_ref(i)` for the i-th job of the same call.
        tags: No other job that has all of these tags may be open: pending, processing, waiting, or failed with a
            retry due.

    Raises:
        TypeError: One is not of its type.
        DependencyError: An id is not positive, or there are more than 10,000 jobs and tags.
        ValueError: A tag is empty or too long.
    """

    job_ids: Iterable[int | BatchRef] = ()
    tags: Iterable[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.job_ids, str | bytes) or not isinstance(self.job_ids, Iterable):
            raise TypeError(
                f"job_ids must be a list of ids, not {type(self.job_ids).__name__}: DependsOn(job_ids=[...])"
            )
        ids = tuple(self.job_ids)
        for one in ids:
            _check_id(one)
        tags = tuple(check_names("the tags of depends_on", self.tags))
        if len(ids) + len(tags) > _MOST:
            raise DependencyError(
                f"depends_on names {len(ids) + len(tags)} jobs and tags: at most {_MOST} are allowed; let jobs in "
                "between wait for a part of them each, and this one for those"
            )
        object.__setattr__(self, "job_ids", ids)
        object.__setattr__(self, "tags", tags)

    def to_core(self) -> tuple[list[int], list[str]]:
        """As the engine takes it."""
        return [-1 - one.place if isinstance(one, BatchRef) else one for one in self.job_ids], list(self.tags)


def check_depends_on(value: DependsOn) -> DependsOn:
    """What was given as `depends_on`.

    Raises:
        TypeError: It is not a `DependsOn`.
    """
    if not isinstance(value, DependsOn):
        raise TypeError(f"depends_on must be a DependsOn, not {type(value).__name__}: DependsOn(job_ids=[...])")
    return value


def unknown(missing: list[int]) -> DependencyError:
    """The error that tells of jobs that do not exist."""
    more = f", nor do {len(missing) - 1} others that are named" if len(missing) > 1 else ""
    return DependencyError(
        f"depends_on names job {missing[0]}, which does not exist{more}: it was never added, or was cleaned "
        "up; nothing was added"
    )


def _check_id(one: object) -> None:
    if isinstance(one, BatchRef):
        return
    if isinstance(one, bool) or not isinstance(one, int):
        raise TypeError(
            f"job_ids holds {one!r:.80}: ids are ints, and batch_ref(i) stands for the i-th job of the call"
        )
    if not 0 < one < 2**63:
        raise DependencyError(
            f"job_ids holds {one}: ids are positive, and batch_ref(i) stands for the i-th job of the same call"
        )
