"""Groups of jobs, such as those of one customer of many."""

from __future__ import annotations

from dataclasses import dataclass

from .arguments import check_name

__all__ = ["JobGroup"]


@dataclass(frozen=True, slots=True)
class JobGroup:
    """The group that a job belongs to.

    Processors may limit how many jobs of a group run at a time, and let groups take turns.

    Attributes:
        id: The name of the group; 1 to 255 characters.
        tier: What the group is entitled to, by which limits and shares may differ; None where that is the same for all.

    Raises:
        TypeError: One is not a str.
        ValueError: One is empty or too long.
    """

    id: str
    tier: str | None = None

    def __post_init__(self) -> None:
        check_name("the id of a group", self.id)
        if self.tier is not None:
            check_name("the tier of a group", self.tier)
