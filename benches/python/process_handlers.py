"""Handlers for the measurements of processes, where another process can import them."""

from __future__ import annotations

from dataqueue import JobHandlers

handlers = JobHandlers()


@handlers.job("spin")
def spin(payload: None) -> None:
    """Never ends."""
    while True:
        pass


@handlers.job("nothing", run_in="process")
def nothing(payload: None) -> None:
    """Does nothing, in a process."""


@handlers.job("nothing_here")
def nothing_here(payload: None) -> None:
    """Does nothing, on a thread."""
