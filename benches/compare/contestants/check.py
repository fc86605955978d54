"""Speaks the protocol with one contestant, at sizes that tell whether it works and not how fast it is.

    PYTHONPATH=benches/compare/contestants python check.py [--only KIND] PROGRAM URL

The program is run by the interpreter that runs this. What it answers is printed; the exit code is 1 if one is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

JOBS = 500
PATIENCE = 90.0
END_PATIENCE = 30.0


class Talk:
    """A running contestant."""

    def __init__(self, program: str, url: str, counter: Path) -> None:
        self.counter = counter
        counter.write_bytes(bytes(8))
        command = [sys.executable, "-P", program, "--url", url, "--counter", str(counter)]
        pipe = subprocess.PIPE
        # A process group of its own, so that what it starts can be ended with it.
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True)
        self.rest = b""

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        until = time.monotonic() + PATIENCE
        while b"\n" not in self.rest:
            readable, _, _ = select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))
            part = self.process.stdout.read(1 << 20) if readable else b""
            if not part:
                raise SystemExit(f"no answer to {do}")
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        print(do, *(f"{name}={value}" for name, value in fields.items()), "->", _short(answer), flush=True)
        return answer

    def end(self) -> None:
        """Ends the program, which leaves in order when nobody can tell it anything, and all that it started."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(END_PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def count(self) -> int:
        return int(struct.unpack("<Q", self.counter.read_bytes())[0])

    def await_count(self, wanted: int) -> float:
        """Waits until so many handlers have ended, and answers how long that was."""
        began = time.monotonic()
        while self.count() < wanted:
            if time.monotonic() - began > PATIENCE:
                raise SystemExit(f"only {self.count()} of {wanted} jobs ended")
            time.sleep(0.002)
        return time.monotonic() - began


def main() -> int:
    """Runs every command once or twice."""
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("url")
    options.add_argument("--jobs", type=int, default=JOBS)
    options.add_argument("--only", choices=("async", "sync"))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        talk = Talk(chosen.program, chosen.url, Path(folder) / "counter")
        try:
            wrong = _talk(talk, chosen.jobs, [chosen.only] if chosen.only else ["async", "sync"])
        finally:
            talk.end()
    print("WRONG: " + "; ".join(wrong) if wrong else "right", flush=True)
    return 1 if wrong else 0


def _talk(talk: Talk, jobs: int, kinds: list[str]) -> list[str]:
    wrong: list[str] = []
    talk.ask("hello")
    wrong += _errors(talk.ask("prepare"))
    for kind in kinds:
        if _errors(talk.ask("add", count=jobs, bytes=100, kind=kind)):
            kinds = [other for other in kinds if other != kind]
            continue
        wrong += _expect("left before", talk.ask("left")["count"], jobs)
        before = talk.count()
        wrong += _errors(talk.ask("work", kind=kind))
        print(f"  {jobs / talk.await_count(before + jobs):,.0f} jobs/s", flush=True)
        wrong += _expect("done", talk.ask("stop")["done"], before + jobs)
        wrong += _expect("left after", talk.ask("left")["count"], 0)
        wrong += _errors(talk.ask("work", kind=kind, latency=True))
        time.sleep(0.5)
        talk.ask("latency", count=20, pause=0.02)
        talk.ask("steady", rate=100, seconds=1)
        talk.ask("stop")
        wrong += _expect("left after probes", talk.ask("left")["count"], 0)
    for callers in (1, 50):
        wrong += _errors(talk.ask("add_single", count=100, callers=callers, bytes=100))
    wrong += _expect("left of single adds", talk.ask("left")["count"], 200)
    wrong += _errors(talk.ask("prepare"))
    wrong += _expect("left of an empty queue", talk.ask("left")["count"], 0)
    wrong += _errors(talk.ask("add", count=20, bytes=100, kind=kinds[-1]))
    wrong += _expect("left of a queue made anew", talk.ask("left")["count"], 20)
    wrong += _errors(talk.ask("prepare"))
    return wrong


def _errors(answer: dict[str, Any]) -> list[str]:
    return [answer["error"]] if "error" in answer else []


def _expect(what: str, seen: int, wanted: int) -> list[str]:
    return [] if seen == wanted else [f"{what}: {seen}, not {wanted}"]


def _short(answer: dict[str, Any]) -> str:
    taken = answer.get("milliseconds")
    if not taken:
        return json.dumps(answer)
    ranked = sorted(taken)
    return f"{len(ranked)} samples, p50 {ranked[len(ranked) // 2]:.2f} ms, longest {ranked[-1]:.2f} ms"


if __name__ == "__main__":
    sys.exit(main())
