"""Counts the instructions of hot paths, and compares them with what was recorded.

    python benches/python/instructions.py           fails where a path costs more, or much less, than recorded
    python benches/python/instructions.py --update  records what is counted now

The machine's load changes nothing in them, so a path that became dearer shows however busy it is. They depend on the
compiler and on the kind of processor: both are recorded too.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "benches" / "instructions.toml"
TIMEOUT = 1200
HEAD = """# Instructions of hot paths, as callgrind counts them. `make instructions` compares with these, and with
# UPDATE=1 writes them anew. `tolerance` is the share by which a count may differ.
"""


@dataclass(frozen=True)
class HotPath:
    """A path through the engine, and how it is counted."""

    name: str
    unit: str
    tolerance: float
    units: int
    """How many units one run has."""
    counted: str | None = None
    """The function in which alone instructions are counted, of the thread that calls it."""
    rounds: tuple[int, int] = (0, 1)
    """Without such a function: the numbers of rounds whose difference is counted."""


PATHS = (
    HotPath("check_job", "job", 0.03, 1000, counted="counted_checks"),
    HotPath("claim_and_settle", "job", 0.03, 2 * 500, rounds=(2, 4)),
    HotPath("exchange", "job", 0.03, 500, counted="counted_exchange"),
)


def main() -> int:
    """Counts, and compares or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="record what is counted")
    update = parser.parse_args().update
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print("NOT CHECKED ON THIS MACHINE: instruction counts (valgrind is not installed)")
        return 0
    conditions = {"machine": platform.machine(), "rustc": _output("rustc", "--version").split()[1]}
    program = _built()
    counts = {path.name: _count(valgrind, program, path) for path in PATHS}
    if update:
        _record(conditions, counts)
        return 0
    recorded = tomllib.loads(RECORD.read_text())
    if recorded["machine"] != conditions["machine"]:
        print(f"NOT CHECKED ON THIS MACHINE: instruction counts (recorded on {recorded['machine']})")
        return 0
    return _compare(recorded, conditions, counts)


def _compare(recorded: dict[str, Any], conditions: dict[str, str], counts: dict[str, float]) -> int:
    failed = False
    for path in PATHS:
        entry, now = recorded["paths"].get(path.name), counts[path.name]
        if entry is None:
            print(f"{path.name}: not recorded")
            failed = True
            continue
        change = now / entry["instructions"] - 1
        bad = abs(change) > entry["tolerance"]
        failed |= bad
        told = (
            f"{path.name}: {now:,.0f} instructions per {path.unit}, {entry['instructions']:,} recorded, {change:+.2%}"
        )
        print(told + (f", more than {entry['tolerance']:.0%} off" if bad else ""))
    if failed and recorded["rustc"] != conditions["rustc"]:
        print(
            f"recorded with rustc {recorded['rustc']}, counted with {conditions['rustc']}: that alone may be the reason"
        )
    if failed:
        print("if the change is meant, record it: make instructions UPDATE=1")
    return int(failed)


def _record(conditions: dict[str, str], counts: dict[str, float]) -> None:
    lines = [HEAD, *(f'{name} = "{value}"' for name, value in conditions.items())]
    for path in PATHS:
        print(f"{path.name}: {counts[path.name]:,.0f} instructions per {path.unit}")
        lines += ["", f"[paths.{path.name}]", f'unit = "{path.unit}"']
        lines += [f"instructions = {round(counts[path.name])}", f"tolerance = {path.tolerance}"]
    RECORD.write_text("\n".join(lines) + "\n")


def _built() -> str:
    """The program of the paths, built as it is released."""
    command = ("cargo", "build", "--locked", "--release", "--bench", "instructions", "--message-format", "json")
    for line in _output(*command).splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "instructions":
            return str(message["executable"])
    raise SystemExit("cargo built no program named instructions")


def _count(valgrind: str, program: str, path: HotPath) -> float:
    """Instructions per unit."""
    if path.counted:
        return _run(valgrind, program, path.name, path.units, f"--toggle-collect=*{path.counted}*") / path.units
    few, many = (_run(valgrind, program, path.name, rounds) for rounds in path.rounds)
    return (many - few) / path.units


def _run(valgrind: str, program: str, name: str, rounds: int, *options: str) -> int:
    with tempfile.TemporaryDirectory(prefix="dataqueue-instructions-") as folder:
        written = Path(folder) / "callgrind.out"
        _output(
            *(valgrind, "--tool=callgrind", f"--callgrind-out-file={written}", *options),
            *(program, name, str(rounds)),
        )
        found = re.search(r"^(?:totals|summary): (\d+)", written.read_text(), re.MULTILINE)
    if found is None or found[1] == "0":
        raise SystemExit(f"nothing was counted of {name}")
    return int(found[1])


def _output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
