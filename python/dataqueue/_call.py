"""One call into the engine, before anyone waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from ._core import Pending

__all__ = ["Call"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A call under way, and what makes a result of its answer.

    Attributes:
        pending: The call; None where there was nothing to ask the engine.
        convert: Called with the engine's answer, or None.
    """

    pending: Pending[Any] | None
    convert: Callable[[Any], T]

    def wait(self) -> T:
        """Blocks until the result is there."""
        return self.convert(None if self.pending is None else self.pending.wait())
