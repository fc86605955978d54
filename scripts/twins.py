"""Writes the blocking twin of the queue from the async one: `python scripts/twins.py`, or with `--check` compares."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "dataqueue"
# Each folder, and that of its twin.
TWINS = {PACKAGE / place / "aio": PACKAGE / place / "blocking" for place in ("", "testing")}

REPLACED = [
    (r"from \.\.\.aio import", "from ...blocking import"),
    (r'The queue(.*) for async code\.\n(?:[^"]*\n)"""', r'The queue\1 for blocking code."""'),
    (
        r'\A"""(.*?)"""\n',
        r'"""\1\n\nGenerated from `{source}` by `scripts/twins.py`: edit that.\n"""\n',
    ),
    (r"from \.\._inbox import Inboxes\n", ""),
    (r"        self\._inboxes = Inboxes\(\)\n", ""),
    (r"after, self\._inboxes\)", "after)"),
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
    (r"\bAsync(?=JobQueue\b(?!` is)|Processor|Supervisor|\w+Handle)", ""),
    (r"\bAsync(?=Listeners|Event)", ""),
    (
        r"\bAsync(?=QueueBase|Adding|Reading|Managing|Deleting|Inspecting|Pausing|Scheduling|Tokens|Upkeep|Asserting|Virtual)",
        "",
    ),
]


def twins() -> dict[Path, str]:
    """The text of each file of the blocking twin."""
    sources = [(path, twin / path.name) for source, twin in TWINS.items() for path in sorted(source.glob("*.py"))]
    texts = {twin: path.read_text() for path, twin in sources}
    for pattern, replacement in REPLACED:
        changed = {name: re.subn(pattern, replacement, text) for name, text in texts.items()}
        if not any(count for _, count in changed.values()):
            raise SystemExit(f"nothing in aio/ matches {pattern!r} any more: mend scripts/twins.py")
        texts = {name: text for name, (text, _) in changed.items()}
    return {path: formatted(path, text.replace("{source}", source_of(path))) for path, text in texts.items()}


def source_of(path: Path) -> str:
    """The package that a file of a twin is made from."""
    place = path.parent.parent.relative_to(PACKAGE.parent)
    return ".".join([*place.parts, "aio"])


def formatted(path: Path, text: str) -> str:
    """The text as the project's formatter has it."""
    for step in (["check", "--fix-only", "--quiet"], ["format"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", path, "-"]
        text = subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout
    return text


def main() -> None:
    """Writes or compares."""
    made = twins()
    if "--check" not in sys.argv:
        for path, text in made.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    there = {path: path.read_text() for twin in TWINS.values() for path in twin.glob("*.py")}
    if there != made:
        raise SystemExit("a blocking twin is not what aio makes: run python scripts/twins.py")


if __name__ == "__main__":
    main()
