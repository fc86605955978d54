"""Who can be measured."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["CONTESTANTS", "OURS", "STORES", "Contestant", "everyone"]

CONTESTANTS = Path(__file__).parents[1] / "contestants"
STORES = ("postgres", "redis", "sqlite")
OURS = "dataqueue"
_PEERS = CONTESTANTS / "peers"


@dataclass(frozen=True)
class Contestant:
    """A program that speaks the protocol, for one store."""

    name: str
    store: str
    role: Literal["ours", "limit", "peer"]
    program: Path
    runtime: str = "python"
    requirements: Path | None = None
    """What is installed for it: a file for pip, or the folder of a package.json."""
    python: str | None = None
    """The oldest Python that it runs on, where ours may be too old."""
    only: tuple[str, ...] = ()
    """The measures that it is for; all that its role takes part in where this is empty."""


def everyone(peers: Path = _PEERS / "peers.toml") -> list[Contestant]:
    """Ourselves, the limits, and the peers that a file lists."""
    ours = [Contestant(OURS, store, "ours", CONTESTANTS / "ours.py") for store in STORES]
    limits = [Contestant("by hand", store, "limit", CONTESTANTS / "limits" / f"{store}.py") for store in STORES]
    inserting = CONTESTANTS / "limits" / "postgres_insert.py"
    limits.append(Contestant("by hand, INSERT", "postgres", "limit", inserting, only=("bulk_add",)))
    return [*ours, *limits, *_listed(peers)]


def _listed(file: Path) -> list[Contestant]:
    if not file.exists():
        return []
    entries = tomllib.loads(file.read_text()).get("peer", [])
    return [
        Contestant(
            entry["name"],
            entry["store"],
            "peer",
            file.parent / entry["program"],
            entry["runtime"],
            _folder(file.parent / entry["requirements"]),
            entry.get("python"),
        )
        for entry in entries
    ]


def _folder(requirements: Path) -> Path:
    return requirements.parent if requirements.name == "package.json" else requirements
