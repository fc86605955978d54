"""Limits for the whole fleet: how many jobs run at a time, how often they start, and what is paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .arguments import Duration, check_int, check_int32, check_name, years_at_most

if TYPE_CHECKING:
    from ._core import GroupLimitsTuple, GroupRatesTuple, TypeLimitsTuple

__all__ = ["Fair", "GroupConcurrency", "GroupRateLimit", "Paused", "RateLimit", "TypeLimits"]

GroupConcurrency: TypeAlias = int | Mapping[str | None, int]
"""How many jobs of a group run at a time: a number, or numbers by tier, under None that of all others."""

Fair: TypeAlias = bool | Mapping[str, int]
"""Whether groups take turns: True, or how many jobs a group gets in a turn, by tier; one of tiers not named."""

_MOST_IN_A_TURN = 1_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many jobs may start within a span of time, over all workers.

    Within no span of that length more than `limit` jobs start. Jobs beyond that stay pending and start as soon as they
    may, in their order.

    Example:
        ```python
        @handlers.job("translate", rate_limit=RateLimit(100, per=60, key="translation-api"))
        ```

    Attributes:
        limit: So many may start; at least 1.
        per: The length of the span.
        key: Types whose limits have the same key share them; by default each type has its own. None for groups, each
            of which has its own.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is out of its limits.
    """

    limit: int
    per: Duration
    key: str | None = None

    def __post_init__(self) -> None:
        check_int32("the limit of a RateLimit", self.limit, 1)
        years_at_most("per", self.per)
        if self.key is not None:
            check_name("the key of a RateLimit", self.key)


GroupRateLimit: TypeAlias = RateLimit | Mapping[str | None, RateLimit]
"""How many jobs of a group start within a span of time: a limit, or limits by tier, under None that of all others."""


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """The limits of a job type."""

    max_running: int | None = None
    rate: RateLimit | None = None

    @classmethod
    def checked(cls, max_running: int | None, rate_limit: RateLimit | None) -> TypeLimits:
        """The limits given.

        Raises:
            TypeError: One is of the wrong type.
            ValueError: `max_running` is below 1.
        """
        if max_running is not None:
            check_int32("max_running", max_running, 1)
        if rate_limit is not None and not isinstance(rate_limit, RateLimit):
            raise TypeError(f"rate_limit must be a RateLimit, not {type(rate_limit).__name__}: {rate_limit!r:.80}")
        return cls(max_running, rate_limit)

    def to_core(self, name: str) -> TypeLimitsTuple:
        """The limits as the engine takes them."""
        rate = None
        if self.rate is not None:
            # A key of the caller's own must not meet the name of a type.
            key = f"type:{name}" if self.rate.key is None else f"key:{self.rate.key}"
            rate = (key[:255], self.rate.limit, years_at_most("per", self.rate.per))
        return (name, self.max_running, rate)


def groups_to_core(given: object) -> GroupLimitsTuple | None:
    """`group_concurrency` as the engine takes it.

    Raises:
        TypeError: It is neither a number nor a mapping from tiers to numbers.
        ValueError: A number is below 1.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        return (check_int32("group_concurrency", given, 1), {})
    most, tiers = None, {}
    for tier, number in given.items():
        if tier is None:
            most = check_int32("group_concurrency[None]", number, 1)
        else:
            name = check_name("a tier of group_concurrency", tier)
            tiers[name] = check_int32(f"group_concurrency[{name!r}]", number, 1)
    return (most, tiers)


def group_rates_to_core(given: object) -> GroupRatesTuple | None:
    """`group_rate_limit` as the engine takes it.

    Raises:
        TypeError: It is neither a RateLimit nor a mapping from tiers to such.
        ValueError: A RateLimit has a key.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        return (_pace("group_rate_limit", given), {})
    others, tiers = None, {}
    for tier, rate in given.items():
        if tier is None:
            others = _pace("group_rate_limit[None]", rate)
        else:
            name = check_name("a tier of group_rate_limit", tier)
            tiers[name] = _pace(f"group_rate_limit[{name!r}]", rate)
    return (others, tiers)


def _pace(field: str, rate: object) -> tuple[int, float]:
    if not isinstance(rate, RateLimit):
        raise TypeError(f"{field} must be a RateLimit, not {type(rate).__name__}: {rate!r:.80}")
    if rate.key is not None:
        raise ValueError(f"{field} has the key {rate.key!r}: each group has a rate of its own, which takes none")
    return (rate.limit, years_at_most("per", rate.per))


def fair_to_core(given: object) -> dict[str, int] | None:
    """`fair` as the engine takes it.

    Raises:
        TypeError: It is neither True or False nor a mapping from tiers to numbers.
        ValueError: A number is below 1 or above 1000, or a tier is empty.
    """
    if isinstance(given, bool):
        return {} if given else None
    if not isinstance(given, Mapping):
        raise TypeError(
            f"fair must be True, False or a mapping from tiers to the jobs of a turn, such as {{'gold': 3}}, "
            f"not {type(given).__name__}: {given!r:.80}"
        )
    weights = {}
    for tier, weight in given.items():
        name = check_name("a tier of fair", tier)
        weights[name] = check_int(f"fair[{name!r}]", weight, 1, _MOST_IN_A_TURN)
    return weights


@dataclass(frozen=True, slots=True)
class Paused:
    """Something that is paused: a type, a group, or, where both are None, everything.

    Attributes:
        job_type: The type.
        group: The id of the group.
    """

    job_type: str | None = None
    group: str | None = None

    @classmethod
    def from_core(cls, pair: tuple[str, str]) -> Paused:
        """What the engine reports."""
        kind, name = pair
        return cls(job_type=name if kind == "type" else None, group=name if kind == "group" else None)
