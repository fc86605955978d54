"""A virtual queue, whichever twin it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .aio import AsyncVirtualQueue
    from .blocking import VirtualQueue

__all__ = ["EitherTwin"]

EitherTwin: TypeAlias = "VirtualQueue | AsyncVirtualQueue"
