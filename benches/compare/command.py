"""Measures this library beside its peers and beside the stores' own limits, and tells how they compare.

python -m benches.compare [--full] [--stores NAME ...] [--only MEASURE ...] [--peers NAME ... | none]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benches.python import conditions
from tests.servers import end_on_sigterm

from .orchestrate import registry
from .orchestrate.measures import MEASURES
from .orchestrate.registry import Contestant
from .orchestrate.run import Results, run
from .orchestrate.servers import Servers
from .orchestrate.sizes import FULL, QUICK
from .orchestrate.stage import Stage


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and answers its exit code."""
    chosen = _options().parse_args(arguments)
    end_on_sigterm()
    sizes = FULL if chosen.full else QUICK
    given = {name: getattr(chosen, name) for name in ("rounds", "jobs") if getattr(chosen, name)}
    sizes = replace(sizes, **given)
    results = Results(conditions={"machine": conditions.machine()})
    measures = [measure for measure in MEASURES if not chosen.only or measure.name in chosen.only]
    contestants = _contestants(chosen.stores, chosen.peers, full=chosen.full)
    _tell(results.conditions["machine"])
    with Servers() as servers:
        run(Stage(servers, sizes), measures, contestants, results, _tell)
    return 1 if any(name == registry.OURS for _, _, name, _ in results.failures) else 0


def _contestants(stores: Sequence[str], peers: Sequence[str], *, full: bool) -> list[Contestant]:
    chosen = []
    for one in registry.everyone():
        wanted = one.name in peers if peers else True
        if one.store in stores and (one.role != "peer" or wanted):
            chosen.append(one)
    return chosen


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m benches.compare", description=__doc__)
    options.add_argument("--full", action="store_true")
    options.add_argument("--stores", nargs="+", choices=registry.STORES, default=registry.STORES)
    options.add_argument("--only", nargs="+", choices=[measure.name for measure in MEASURES], default=[])
    options.add_argument("--peers", nargs="+", default=[])
    options.add_argument("--rounds", type=int)
    options.add_argument("--jobs", type=int)
    options.add_argument("--results", type=Path)
    return options


def _tell(text: str) -> None:
    print(text, flush=True)
