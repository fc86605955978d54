"""Watches Python files for changes, on a thread. Needs the extra `dev`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import click
from watchfiles import PythonFilter, watch

__all__ = ["Watcher"]

# How long, in milliseconds, until the end of the context is seen.
_TICK = 200
_PATIENCE = 30.0


class Watcher:
    """Knows which Python files below some folders changed; a context, within which it watches.

    Raises:
        click.ClickException: They cannot be watched, on entering the context.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._stopping, self._watching = threading.Event(), threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="dataqueue-watcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        # What is saved from now on must not be missed.
        if not self._watching.wait(_PATIENCE) or self._failure is not None:
            self.__exit__()
            shown = ", ".join(map(str, self._folders))
            raise click.ClickException(f"cannot watch {shown}: {self._failure}: name fewer folders with --watch")
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def take(self) -> list[str]:
        """The files that changed since this was last asked."""
        with self._lock:
            found, self._changed = self._changed, set()
        return sorted(found)

    def _watch(self) -> None:
        try:
            for changes in watch(
                *self._folders,
                watch_filter=PythonFilter(),
                stop_event=self._stopping,
                rust_timeout=_TICK,
                yield_on_timeout=True,
                ignore_permission_denied=True,
                raise_interrupt=False,
            ):
                self._watching.set()
                with self._lock:
                    self._changed.update(path for _, path in changes)
        except Exception as error:
            self._failure = error
            self._watching.set()
