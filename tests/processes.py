"""Real processes under test: started, watched through what they print, ended by their id."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

__all__ = ["PATIENCE", "Script", "Worker", "gone", "until"]

PATIENCE = 60.0
ROOT = Path(__file__).resolve().parent.parent


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Waits for a condition.

    Raises:
        AssertionError: It did not come true in time; the message says what did not happen.
    """
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"this did not happen: {what}"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Without /proc an orphan that ended is gone soon too: the system's first process collects it.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


class Script:
    """A program of Python's under test. What it prints goes to files; it is killed at the end of the context."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self._out, self._log = folder / "stdout.txt", folder / "stderr.txt"
        with self._out.open("ab") as out, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [python, *arguments],
                cwd=cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    @property
    def out(self) -> str:
        """What it printed so far."""
        return self._out.read_text()

    @property
    def log(self) -> str:
        """What it wrote to its standard error so far."""
        return self._log.read_text()

    def says(self, pattern: str, times: int = 1) -> list[str]:
        """Waits until what it wrote, to either side, holds `pattern` so often; answers what the pattern found."""
        found: list[str] = []

        def look() -> bool:
            found[:] = re.findall(pattern, self.out + self.log)
            return len(found) >= times

        until(lambda: look() or self.process.poll() is not None, f"{pattern!r} in what was printed")
        assert look(), f"it ended with {self.process.returncode} and did not say {pattern!r}:\n{self.out}{self.log}"
        return found

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def ends(self, patience: float = PATIENCE) -> int:
        """Waits for its end, and answers the exit code."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.out}{self.log}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Worker(Script):
    """`dataqueue worker` under test."""

    def __init__(
        self,
        target: str,
        url: str | None,
        folder: Path,
        *options: str,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
    ) -> None:
        store = [] if url is None else ["--url", url]
        command = ["-c", "from dataqueue.cli import main; main()", "worker", target, *store, *options]
        super().__init__(command, folder, cwd=cwd, env=env)

    def children(self, count: int = 1) -> list[int]:
        """The process ids of the workers started so far, once there were `count`."""
        return [int(pid) for pid in self.says(r"worker \d+ started, process (\d+)", count)]
