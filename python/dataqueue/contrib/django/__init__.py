"""An app for Django: a backend of `django.tasks`, a worker command and system checks.

Names are loaded when first used: Django imports this package before its apps are ready, and what does not need
`django.tasks` works without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import DataqueueBackend
    from .connections import afresh_connections, fresh_connections, with_connections

__all__ = ["DataqueueBackend", "afresh_connections", "fresh_connections", "with_connections"]

_HOME = {
    "DataqueueBackend": "backend",
    "afresh_connections": "connections",
    "fresh_connections": "connections",
    "with_connections": "connections",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
