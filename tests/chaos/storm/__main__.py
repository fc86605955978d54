"""The command."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.storm.report import told
from tests.chaos.storm.run import rage
from tests.chaos.storm.stores import STORES


def main() -> int:
    """Runs a storm, prints what it led to, and answers 1 if anything did not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.storm", description="A storm over workers and a store."
    )
    parser.add_argument("--store", choices=sorted(STORES), required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the ledger and the logs, which are thrown away without it"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dq-storm-") as thrown_away:
        folder: Path = given.keep or Path(thrown_away)
        folder.mkdir(parents=True, exist_ok=True)
        report = rage(given.store, given.minutes * 60, given.seed, folder)
        print(told(report), flush=True)
    return 0 if report.verdict.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
