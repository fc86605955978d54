"""What a storm led to: the store's records against the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations, zip_longest
from typing import TYPE_CHECKING

from tests.chaos.ledger import read_lines, read_runs
from tests.chaos.legality import all_jobs, check_events
from tests.chaos.storm.handlers import AT_A_TIME, CHILDREN, OF_A_GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dataqueue import JobQueue, JobRecord
    from tests.chaos.ledger import Run
    from tests.chaos.storm.faults import Interruption

__all__ = ["Verdict", "judge"]

_SECOND = 1_000_000_000
# A process of its own may begin a handler that it was sent although the worker was killed a moment before.
_LATE = _SECOND
_STALE = 10 * _SECOND
"""A job may have waited so long for another worker after its lease had run out."""


@dataclass
class Verdict:
    """What was found. A list that is not empty is a fault of the product, or of the test."""

    accepted: int = 0
    jobs: int = 0
    runs: int = 0
    lost: list[str] = field(default_factory=list)
    """Jobs that were accepted, and are not there or will never end."""
    doubled: list[str] = field(default_factory=list)
    """Keys of more than one job, children that are there twice or not at all, and steps that were done again."""
    overlapping: list[str] = field(default_factory=list)
    """Runs of one job at a time, though nothing had kept the first one's worker from renewing its lease."""
    stale: list[str] = field(default_factory=list)
    """Results of runs that had lost their lease."""
    illegal: list[str] = field(default_factory=list)
    """Paths of events that may not be, attempts over the maximum among them."""
    crowded: list[str] = field(default_factory=list)
    """More runs of a group or of a limited type at a time than may."""
    early: list[str] = field(default_factory=list)
    """Jobs that ran before one that they wait for had completed, or are not cancelled where it never will be."""
    broken: list[str] = field(default_factory=list)
    """Processes that ended by themselves, what was never done, damage to a file."""
    tied: int = 0
    """Waits of one job for another."""
    stalled: int = 0
    """Runs that went on beside a later one because their worker was stalled past its lease: they recorded nothing."""
    refused: int = 0
    """Results that came after their lease was lost."""
    cancelled: int = 0
    """Jobs that were cancelled while they ran, or before."""
    gave_up: int = 0
    """Jobs that ended as lost because three workers died under them."""
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the death of a worker to the next run of each of its jobs."""

    @property
    def is_good(self) -> bool:
        """Whether everything held."""
        return not any(self.findings().values())

    def findings(self) -> Mapping[str, list[str]]:
        """What must be empty, by name."""
        names = ("lost", "doubled", "overlapping", "stale", "illegal", "crowded", "early", "broken")
        return {name: getattr(self, name) for name in names}


def judge(
    queue: JobQueue, ledger: Path, deaths: Mapping[int, list[int]], interruptions: Sequence[Interruption], lease: float
) -> Verdict:
    """Reads everything and compares it."""
    verdict = Verdict()
    lines, runs = read_lines(ledger), read_runs(ledger)
    jobs = {job.id: job for job in all_jobs(queue)}
    verdict.jobs, verdict.runs = len(jobs), sum(map(len, runs.values()))
    accepted = {line["job"]: line["key"] for line in lines if line["what"] == "added"}
    verdict.accepted = len(accepted)
    for job_id, key in accepted.items():
        job = jobs.get(job_id)
        if job is None or job.idempotency_key != key:
            verdict.lost.append(f"job {job_id}, accepted under {key}, is {job}")
    for job in jobs.values():
        if not _is_final(job):
            verdict.lost.append(f"job {job.id} ({job.job_type}) is still {job.status}")
        verdict.cancelled += job.status == "cancelled"
        verdict.gave_up += job.failure_reason == "lost" and job.status == "failed"
        try:
            check_events(job, queue.get_job_events(job.id))
        except AssertionError as error:
            verdict.illegal.append(str(error))
        _judge_runs(verdict, job, runs.get(job.id, []), _Times(deaths, interruptions, lease))
    _judge_limits(verdict, jobs.values(), runs, _Times(deaths, interruptions, lease))  # type: ignore[arg-type]
    for job in jobs.values():
        for prerequisite in job.depends_on_job_ids:
            _judge_order(verdict, job, jobs.get(prerequisite), runs)
    _judge_keys(verdict, jobs.values())  # type: ignore[arg-type]
    _judge_steps(verdict, lines, runs)
    return verdict


def _is_final(job: JobRecord) -> bool:
    return job.status in ("completed", "cancelled") or (job.status == "failed" and job.next_attempt_at is None)


@dataclass(frozen=True)
class _Times:
    deaths: Mapping[int, list[int]]
    interruptions: Sequence[Interruption]
    lease: float

    def death(self, run: Run) -> int | None:
        """When its process died. Another one may have had the same number before it, or after."""
        return min((at for at in self.deaths.get(run.pid, ()) if at >= run.began - _LATE), default=None)

    def end(self, run: Run) -> int:
        """When it ended, with its process if not before."""
        death = self.death(run)
        # One that was killed is over when it was heard of last.
        ended = run.seen if run.ended is None else run.ended
        return min(end for end in (ended, death, 1 << 63) if end is not None)

    def lapse(self, run: Run) -> int:
        """When its worker may have lost its lease while the run went on: what it counted for is given back then."""
        long = [
            one.began
            for one in self.interruptions
            if one.pid in (None, run.pid)
            and one.ended > run.began
            and one.ended - one.began >= self.lease / 2 * _SECOND
        ]
        return min(long, default=1 << 63)

    def stalled(self, run: Run, later: Run) -> bool:
        """Whether the run's worker may have failed to renew its lease before the later run began.

        It renews three times in a lease: what lasts for less than two thirds of it does no harm. Half of it is taken,
        as renewals take time too.
        """
        since = min(run.began, later.began) - _STALE
        lost = sum(
            max(0, min(one.ended, later.began) - max(one.began, since))
            for one in self.interruptions
            if one.pid in (None, run.pid)
        )
        return lost >= self.lease / 2 * _SECOND


def _judge_runs(verdict: Verdict, job: JobRecord, runs: list[Run], times: _Times) -> None:
    # One that was claimed, and began only after it had lost its lease, comes before what was claimed later.
    runs = sorted(runs, key=lambda run: (run.attempt, run.began))
    for run, later in combinations(runs, 2):
        if run.began < times.end(later) and later.began < times.end(run):
            if times.stalled(run, later):
                verdict.stalled += 1
            else:
                verdict.overlapping.append(f"job {job.id} ({job.job_type}): {run} and {later}")
    if job.status == "completed":
        named = job.output["run"] if isinstance(job.output, dict) else None
        if not runs or named != runs[-1].name:
            verdict.stale.append(f"job {job.id} ({job.job_type}): recorded of run {named}, and the last is {runs[-1:]}")
    for run in runs:
        death = times.death(run)
        if death is not None and run.ended is None:
            next_runs = [later.began for later in runs if later.began > death]
            verdict.recoveries += [(min(next_runs) - death) / _SECOND] if next_runs else []


def _judge_limits(verdict: Verdict, jobs: Sequence[JobRecord], runs: Mapping[int, list[Run]], times: _Times) -> None:
    moments: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for job in jobs:
        if job.group_id is None and job.job_type != "scarce":
            continue
        place = (job.job_type, AT_A_TIME) if job.group_id is None else (job.group_id, OF_A_GROUP)
        ordered = sorted(runs.get(job.id, []), key=lambda run: (run.attempt, run.began))
        for run, later in zip_longest(ordered, ordered[1:]):
            end = min(times.end(run), times.lapse(run), later.began if later else 1 << 63)
            if end > run.began:
                moments[place] += [(run.began, 1), (end, -1)]
    for (name, most), changes in moments.items():
        running = 0
        for at, change in sorted(changes):
            running += change
            if running > most:
                verdict.crowded.append(f"{running} runs of {name} at {at}")


def _judge_order(verdict: Verdict, job: JobRecord, before: JobRecord | None, runs: Mapping[int, list[Run]]) -> None:
    """A job that waits for another one begins when that has completed, and is cancelled when it never will."""
    began = min((run.began for run in runs.get(job.id, [])), default=None)
    verdict.tied += 1
    if before is None or before.status != "completed":
        if began is not None or job.status != "cancelled":
            verdict.early.append(f"job {job.id} is {job.status}, and what it waits for is {before}")
        return
    [*_, last] = sorted(runs[before.id], key=lambda run: (run.attempt, run.began))
    if began is not None and (last.ended is None or last.ended > began):
        verdict.early.append(f"job {job.id} began at {began}, and what it waits for was {last}")


def _judge_keys(verdict: Verdict, jobs: Sequence[JobRecord]) -> None:
    children: Counter[int] = Counter(job.payload[0] for job in jobs if job.job_type == "child")
    made = Counter(tuple(job.payload) for job in jobs if job.job_type == "child")
    verdict.doubled += [f"child {payload} is there {count} times" for payload, count in made.items() if count > 1]
    for job in jobs:
        if job.job_type == "parent" and job.status == "completed" and children[job.id] != CHILDREN:
            verdict.doubled.append(f"parent {job.id} has {children[job.id]} children")
    keys = Counter(job.idempotency_key for job in jobs if job.idempotency_key is not None)
    verdict.doubled += [f"{count} jobs have the key {key}" for key, count in keys.items() if count > 1]


def _judge_steps(verdict: Verdict, lines: list[dict[str, object]], runs: Mapping[int, Sequence[Run]]) -> None:
    """A step of which a handler was told that it is recorded is done in no run that is claimed later."""
    attempts = {run.name: (run.attempt, run.began) for of_job in runs.values() for run in of_job}
    recorded: dict[tuple[object, object], tuple[int, int]] = {}
    done: defaultdict[tuple[object, object], list[tuple[int, int]]] = defaultdict(list)
    for line in lines:
        place = (line.get("job"), line.get("step"))
        if line["what"] == "recorded":
            recorded[place] = min(recorded.get(place, (1 << 31, 0)), attempts[str(line["run"])])
        elif line["what"] == "effect":
            done[place].append(attempts[str(line["run"])])
    for place, when in recorded.items():
        if any(run > when for run in done[place]):
            verdict.doubled.append(f"job {place[0]}: step {place[1]} was done again after it was recorded")
