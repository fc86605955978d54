"""Measures this library beside other libraries and beside what the stores give by hand, turn by turn.

Prints each turn as it ends, then tables in Markdown. Saves every figure as JSON, also of a run that was broken off.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benches.python import conditions
from tests.servers import end_on_sigterm
from tests.ways import ServerMissingError

from .orchestrate import charts, environments, registry, results, tables
from .orchestrate.measures import MEASURES
from .orchestrate.registry import Contestant
from .orchestrate.run import run
from .orchestrate.runtimes import RuntimeMissingError
from .orchestrate.servers import Servers
from .orchestrate.sizes import FULL, QUICK, Sizes
from .orchestrate.stage import Stage

RESULTS = Path(__file__).parents[1] / "results"
NO_PEERS = "none"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and answers its exit code: 1 where this library itself failed, 130 after Ctrl-C."""
    chosen = _options().parse_args(arguments)
    if chosen.saved is not None:
        _show(results.load(chosen.saved), chosen.charts)
        return 0
    end_on_sigterm()
    sizes = _sizes(chosen)
    found = results.Results(conditions={"machine": conditions.machine(), "sizes": _described(sizes)})
    _tell(f"{found.conditions['machine']}\n{found.conditions['sizes']}")
    contestants = _installed(_wanted(chosen), found, install=chosen.full or bool(chosen.peers))
    broken_off = False
    measures = [measure for measure in MEASURES if not chosen.only or measure.name in chosen.only]
    try:
        with Servers() as servers:
            run(Stage(servers, sizes), measures, contestants, found, _tell, by_name=bool(chosen.peers))
    except ServerMissingError as error:
        print(f"benches.compare: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        broken_off = True
        _tell("\nbroken off: what was measured so far follows")
    finally:
        if found.turns:
            name = f"{datetime.now(UTC):%Y-%m-%d-%H%M}-{os.cpu_count()}-cores-{'full' if chosen.full else 'quick'}"
            file = chosen.results / f"{name}.json"
            found.save(file)
            file.with_suffix(".md").write_text(tables.markdown(found))
            _show(found, chosen.charts)
            _tell(f"saved as {file}")
    if broken_off:
        return 128 + signal.SIGINT
    return 1 if any(one.contestant == registry.OURS for one in found.failures) else 0


def _show(found: results.Results, folder: Path | None) -> None:
    _tell("\n" + tables.markdown(found))
    if folder is not None:
        for file in charts.write(found, folder):
            _tell(f"drawn: {file}")


def _sizes(chosen: argparse.Namespace) -> Sizes:
    sizes = FULL if chosen.full else QUICK
    given = {name: getattr(chosen, name) for name in ("rounds", "jobs") if getattr(chosen, name) is not None}
    return replace(sizes, **given)


def _described(sizes: Sizes) -> str:
    return (
        f"{sizes.rounds} rounds of turns (peers that no goal names: one); {sizes.jobs:,} jobs a drain (peers that are "
        f"slow: about {sizes.drain_seconds:g} s of them), payloads of {sizes.bytes} bytes; {sizes.history:,} finished "
        f"jobs, {sizes.future:,} not yet due; {sizes.samples} pick-ups; idle for {sizes.idle_seconds:g} s; "
        f"{sizes.rate:,} jobs/s for {sizes.steady_seconds:g} s"
    )


def _wanted(chosen: argparse.Namespace) -> list[Contestant]:
    everyone = [one for one in registry.everyone() if one.store in chosen.stores]
    unknown = set(chosen.peers) - {one.name for one in registry.everyone() if one.role == "peer"} - {NO_PEERS}
    if unknown:
        sys.exit(f"there is no peer {', '.join(sorted(unknown))}: see contestants/peers/peers.toml")
    return [one for one in everyone if one.role != "peer" or not chosen.peers or one.name in chosen.peers]


def _installed(contestants: Sequence[Contestant], found: results.Results, *, install: bool) -> list[Contestant]:
    """Those that can run: of the peers all, or only those that are there already."""
    ready = []
    for one in contestants:
        try:
            if install and not environments.is_installed(one):
                _tell(f"installing {one.name}")
                environments.install(one)
            if environments.is_installed(one):
                environments.command(one)
                ready.append(one)
        except (environments.InstallError, RuntimeMissingError) as error:
            _tell(str(error))
            found.failures.append(results.Failure("install", one.store, one.name, str(error)))
    return ready


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benches.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--full", action="store_true", help="large sizes and every peer: hours instead of minutes")
    options.add_argument("--stores", nargs="+", choices=registry.STORES, default=registry.STORES, help="only these")
    options.add_argument(
        "--only", nargs="+", choices=[measure.name for measure in MEASURES], default=[], help="only these measures"
    )
    options.add_argument(
        "--peers",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"only these, installed if need be; {NO_PEERS!r} for none. By default those that are installed",
    )
    options.add_argument("--rounds", type=_positive, help="rounds of turns")
    options.add_argument("--jobs", type=_positive, help="jobs of a drain")
    options.add_argument("--results", type=Path, default=RESULTS, help="where the figures are saved")
    options.add_argument("--charts", type=Path, help="where charts are drawn, as SVG")
    options.add_argument("--saved", type=Path, help="show this file's figures instead of measuring")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _tell(text: str) -> None:
    print(text, flush=True)
