"""Testing applications without waiting: a queue in memory, whose clock the test moves.

Names are loaded when first used: pytest imports this package in every project that has it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._watched import WorkerDied
    from .aio import AsyncVirtualQueue
    from .blocking import VirtualQueue
    from .drained import Drained

__all__ = ["AsyncVirtualQueue", "Drained", "VirtualQueue", "WorkerDied"]

_HOME = {
    "AsyncVirtualQueue": "aio",
    "Drained": "drained",
    "VirtualQueue": "blocking",
    "WorkerDied": "_watched",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
