"""Takes away one guard of each driver at a time, runs the tests that must turn red, and tells which did not.

Guards of different drivers are taken away together, since a test of one driver does not come by the others; those of
the engine alone. It works in a copy of the tree, under `target/mutants`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from itertools import zip_longest
from pathlib import Path

from tests.mutants import ROOT, Mutant, all_mutants

# A mutant may hang its test.
PATIENCE = 400
BUILT = ROOT / "target" / "mutants"
COPIED = ("src", "migrations", "tests", "benches", "Cargo.toml", "Cargo.lock", "clippy.toml")


def batches(mutants: list[Mutant]) -> list[list[Mutant]]:
    """Mutants that one build can have together, as far as they are in different drivers."""
    rooms: dict[str, list[Mutant]] = {}
    alone = []
    for mutant in mutants:
        if mutant.room == "engine":
            alone.append([mutant])
        else:
            rooms.setdefault(mutant.room, []).append(mutant)
    return [[one for one in together if one] for together in zip_longest(*rooms.values())] + alone


def cargo(tree: Path, *arguments: str, within: float | None = None) -> subprocess.CompletedProcess[str]:
    """Runs cargo in the copy; without debug information, which takes longer to write than all the rest."""
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(BUILT),
        "CARGO_INCREMENTAL": "1",
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "RUSTFLAGS": "--cap-lints=warn",
    }
    command = ["cargo", *arguments]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=within
    )


def verdict(tree: Path, mutant: Mutant) -> str:
    """Whether the test turned red."""
    built = cargo(tree, "test", "--locked", "--no-run", *mutant.binary)
    if built.returncode != 0:
        return f"NOT BUILT: {built.stderr[-800:]}"
    try:
        done = cargo(tree, "test", "--locked", *mutant.binary, "--", "--exact", mutant.test, within=PATIENCE)
    except subprocess.TimeoutExpired:
        return "killed"
    if "running 1 test" not in done.stdout:
        return f"NOT RUN: {(done.stderr or done.stdout)[-800:]}"
    return "killed" if "test result: FAILED" in done.stdout else "SURVIVED"


def main() -> int:
    """Runs the mutants; 1 if any survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("-k", metavar="TEXT", default="", help="only those whose guard, file or test has this text")
    chosen = parser.parse_args().k
    mutants = [one for one in all_mutants() if chosen in f"{one.room} {one.guard} {one.file} {one.test}"]
    rows = []
    tree = BUILT / "tree"
    for batch in batches(mutants):
        began = time.monotonic()
        copy(tree)
        for mutant in batch:
            mutant.apply(tree)
        for mutant in batch:
            rows.append((mutant, verdict(tree, mutant)))
            print(f"{rows[-1][1]:<9} {mutant.room:<9} {mutant.guard}", flush=True)
        print(f"{'':<9} {time.monotonic() - began:.0f} s", flush=True)
    bad = [row for row in rows if row[1] != "killed"]
    print(f"\n{len(rows)} mutants, {len(rows) - len(bad)} killed")
    for mutant, how in bad:
        print(f"{how}: {mutant.guard}\n    {mutant.file}\n    {mutant.test}")
    return 1 if bad else 0


def copy(tree: Path) -> None:
    """The tree as it is; what did not change keeps its time, so that cargo builds no more than it must."""
    for name in COPIED:
        source = ROOT / name
        files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
        for path in files:
            there = tree / path.relative_to(ROOT)
            text = path.read_bytes()
            if not there.exists() or there.read_bytes() != text:
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, there)


if __name__ == "__main__":
    sys.exit(main())
