"""The steps of one run: what was done before, and what may be done now."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .arguments import check_name
from .errors import PayloadError
from .payload import PayloadCodec, encode_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._core import Run

__all__ = ["MAX_STEP_BYTES", "Replayed", "Steps", "inside_of"]

MAX_STEP_BYTES = 1_048_576
"""The most bytes of JSON that the steps of one job may take together, unless the processor is told otherwise."""

_DONE = "__completed"
# Entries of the engine's own begin so.
_RESERVED = "__"

_current: ContextVar[str | None] = ContextVar("dataqueue_step", default=None)


class Replayed:
    """The result of a step that was done before."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Steps:
    """Which steps of a job were done, in runs before and in this one."""

    def __init__(self, run: Run, max_bytes: int) -> None:
        kept = run.record()["step_data"]
        self._max_bytes = max_bytes
        self._bytes = len(kept)
        self._kept: dict[str, Any] = json.loads(kept)
        self._begun: set[str] = set()
        self._counts: dict[str, int] = {}

    def begin(self, name: str, result_type: Any) -> Replayed | None:
        """Takes note that a step begins; its result, if it was done before.

        Raises:
            ValueError: The name cannot be used, or was used in this run.
            RuntimeError: Another step is under way around it.
            PayloadError: The result of before does not fit the type.
        """
        check_name("step_name", name)
        if name.startswith(_RESERVED):
            raise ValueError(f"step_name is {name!r}: names that begin with {_RESERVED!r} are the library's own")
        around = _current.get()
        if around is not None:
            raise RuntimeError(f"step {name!r} begins inside of step {around!r}: steps cannot be nested, put it behind")
        if name in self._begun:
            raise ValueError(
                f"step {name!r} was run before by this handler: a step's name must be unique within it, "
                "such as f'charge-{item.id}' in a loop"
            )
        self._begun.add(name)
        entry = self._kept.get(name)
        if not isinstance(entry, dict) or entry.get(_DONE) is not True:
            return None
        return Replayed(_typed(name, json.dumps(entry.get("result")).encode(), result_type))

    def kept(self, name: str) -> dict[str, Any] | None:
        """What was recorded under a name, in runs before."""
        entry = self._kept.get(name)
        return entry if isinstance(entry, dict) else None

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """The time in which the step's function runs."""
        token = _current.set(name)
        try:
            yield
        finally:
            _current.reset(token)

    def entry(self, name: str, result: Any, result_type: Any) -> tuple[bytes, Any]:
        """What is kept of a step that was done, and its result as a later run will get it.

        Raises:
            PayloadError: The result is not JSON, does not fit the type, or is too long.
        """
        what = f"the result of step {name!r}"
        text = encode_json(result, what) if result_type is None else PayloadCodec(result_type, what).encode(result)
        entry = b'{"%s":true,"result":%s}' % (_DONE.encode(), text)
        self.make_room(what, name, entry, len(text))
        return entry, _typed(name, text, result_type)

    def make_room(self, what: str, name: str, entry: bytes, length: int | None = None) -> None:
        """Counts an entry that is to be kept, of something of this length.

        Raises:
            PayloadError: The steps of the job would take more than is allowed.
        """
        size = self._bytes + len(entry) + len(name)
        if size > self._max_bytes:
            shown = len(entry) if length is None else length
            raise PayloadError(
                f"{what} has {shown:,} bytes, and the steps of this job would have {size:,}: at most "
                f"{self._max_bytes:,} are kept (max_step_bytes of the processor). Store large results elsewhere, and "
                "return where they are"
            )
        self._bytes = size

    def next_place(self, kind: str) -> int:
        """How many of this kind came before this one, in this run and in this step."""
        place = self._counts.get(kind, 0)
        self._counts[kind] = place + 1
        return place


def inside_of() -> str | None:
    """The step that is under way here."""
    return _current.get()


def _typed(name: str, text: bytes, result_type: Any) -> Any:
    if result_type is None:
        return json.loads(text)
    return PayloadCodec(result_type, f"the result of step {name!r}").decode(text)
