"""What every run of a session works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Processor
    from ._requests import Requests

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The engine's part of a processor, the calls of its queue, and its limits.

    Attributes:
        core: The engine's part.
        requests: The queue's calls.
        max_step_bytes: The most bytes of JSON that the steps of one job may take together.
    """

    core: Processor
    requests: Requests
    max_step_bytes: int
