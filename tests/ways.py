"""What finding a server has in common, whichever server it is: ways that are tried in order."""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

__all__ = ["ServerMissingError", "engine_answers", "first_open"]

S = TypeVar("S")


class ServerMissingError(RuntimeError):
    """No way gave a server; the message names them all."""


@contextmanager
def first_open(ways: Sequence[Callable[[], AbstractContextManager[S] | None]], missing: str) -> Iterator[S]:
    """The server of the first way that is open here; one that was started for this ends with the context.

    Raises:
        ServerMissingError: None is; `missing` says what to do.
    """
    for way in ways:
        found = way()
        if found is not None:
            with found as server:
                yield server
            return
    raise ServerMissingError(missing)


def engine_answers() -> bool:
    """Whether a Docker engine answers within a second."""
    try:
        import docker  # type: ignore[import-untyped]
        from docker.errors import DockerException  # type: ignore[import-untyped]
    except ImportError:
        return False
    # A client that could not reach its engine drops its socket unclosed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with contextlib.closing(docker.from_env(timeout=1)) as client:
                return bool(client.ping())
        except (DockerException, OSError):
            return False
        finally:
            gc.collect()
