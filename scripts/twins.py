"""Writes the blocking twin of the queue from the async one: `python scripts/twins.py`, or with `--check` compares."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "dataqueue"
SOURCE, TWIN = PACKAGE / "aio.py", PACKAGE / "queue.py"

REPLACED = [
    (
        r"\A.*?\n",
        '"""The queue for blocking code. Generated from `aio.py` by `scripts/twins.py`: edit that file."""\n',
    ),
    (r"from \._inbox import Inboxes\n", ""),
    (r"        self\._inboxes = Inboxes\(\)\n", ""),
    (r"        self\._inboxes\.close\(\)\n", ""),
    (r"return await self\._inboxes\.result\(call\)", "return call.wait()"),
    (r", self\._inboxes\)", ")"),
    (
        r"Safe to use from several event loops and threads\. A call that is cancelled still runs\s+to its end[^.]*\.",
        "Safe to use from several threads. A call waits without the GIL.",
    ),
    (
        r"for async code\. `JobQueue` is the blocking twin",
        "for blocking code. `AsyncJobQueue` is the async twin",
    ),
    (r"async def __aenter__", "def __enter__"),
    (r"async def __aexit__", "def __exit__"),
    (r"async def ", "def "),
    (r"\(await (add_async\([^\n]*?\)\))\)\[0\]", r"\1[0]"),
    (r"await ", ""),
    (r"add_async", "add_sync"),
    (r"\bAsync(?=JobQueue\b(?!` is)|Processor|PoolHandle|RedisHandle)", ""),
]


def twin() -> str:
    """The text of the blocking twin."""
    text = SOURCE.read_text()
    for pattern, replacement in REPLACED:
        text, count = re.subn(pattern, replacement, text)
        if count == 0:
            raise SystemExit(f"{SOURCE.name} has nothing that matches {pattern!r} any more: mend scripts/twins.py")
    for step in (["check", "--fix-only", "--quiet"], ["format"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", TWIN, "-"]
        text = subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout
    return text


def main() -> None:
    """Writes or compares."""
    if "--check" not in sys.argv:
        TWIN.write_text(twin())
    elif TWIN.read_text() != twin():
        raise SystemExit("python/dataqueue/queue.py is not what aio.py makes: run python scripts/twins.py")


if __name__ == "__main__":
    main()
