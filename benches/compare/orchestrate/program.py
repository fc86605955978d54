"""A contestant's program while it runs: commands in, answers out, each with a deadline."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import environments
from .processes import Usage, usage

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .registry import Contestant

__all__ = ["ContestantError", "Program"]

_END_DEADLINE = 20.0
_SHOWN_OF_LOG = 2_000


class ContestantError(RuntimeError):
    """A contestant refused a command, ended, or took too long; the message holds the end of its log."""


class Program:
    """A running contestant. Its end is the context's."""

    def __init__(self, contestant: Contestant, url: str, deadline: float) -> None:
        self.contestant = contestant
        self._deadline = deadline
        self._folder = tempfile.TemporaryDirectory(prefix="dataqueue-contestant-")
        folder = Path(self._folder.name)
        self._counter = folder / "counter"
        self._counter.write_bytes(bytes(8))
        self._log = folder / "log"
        arguments = ["--url", url, "--counter", str(self._counter)]
        with self._log.open("wb") as log:
            # In a session of its own: Ctrl-C is for the orchestrator, which ends it in order.
            self._process = subprocess.Popen(
                [*environments.command(contestant), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environments.environment(contestant),
                start_new_session=True,
            )
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._end(orderly=error is None)
        finally:
            self._folder.cleanup()

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer.

        Raises:
            ContestantError: There is none, or it is an error.
        """
        self.send(do, **fields)
        return self.receive(do)

    def send(self, do: str, **fields: Any) -> None:
        """Sends a command, whose answer is to be received."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._fault(f"did not take {do!r}") from error

    def receive(self, do: str) -> dict[str, Any]:
        """Waits for the answer to a command.

        Raises:
            ContestantError: There is none, or it is an error.
        """
        assert self._process.stdout is not None
        until = time.monotonic() + self._deadline
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            readable, _, _ = select.select([pipe], [], [], max(until - time.monotonic(), 0))
            if not readable:
                raise self._fault(f"did not answer {do!r} within {self._deadline:g} s")
            part = os.read(pipe, 1 << 20)
            if not part:
                raise self._fault(f"ended at {do!r}")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._fault(f"refused {do!r}: {answer['error']}")
        return answer

    def check(self) -> None:
        """Looks whether it still runs.

        Raises:
            ContestantError: It has ended.
        """
        if self._process.poll() is not None:
            raise self._fault("ended")

    @property
    def count(self) -> int:
        """How many of its handlers have ended."""
        with self._counter.open("rb") as file:
            (count,) = struct.unpack("<Q", file.read(8))
        return int(count)

    def usage(self) -> Usage | None:
        """What it and its children have used so far."""
        return usage(self._process.pid)

    def _fault(self, what: str) -> ContestantError:
        log = self._log.read_text(errors="replace")[-_SHOWN_OF_LOG:]
        shown = f":\n{log}" if log else ""
        return ContestantError(f"{self.contestant.name} on {self.contestant.store} {what}{shown}")

    def _end(self, *, orderly: bool) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if orderly:
            with suppress(ContestantError):
                self.send("quit")
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_DEADLINE if orderly else 0.1)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # What it started is in its session too, and must not live on either.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process.stdout.close()
