"""The processes that a worker has for handlers: they are made ahead, killed by the engine, and replaced."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable
from typing import Any

from ..logs import say
from .channel import Channel
from .travel import Parcel

__all__ = ["ChildGone", "Pool", "Process"]

_ORDER = 12


class ChildGone(Exception):
    """The process is dead, or has closed its line."""


class Process:
    """One process of handlers, and the line to it. One thread uses it; any may `tell` it something."""

    def __init__(self, pool: Pool, nursery: _Nursery, pid: int, line: Channel) -> None:
        self.pid = pid
        self.runs = 0
        self._pool = pool
        self._nursery = nursery
        self._line = line
        self._watch: int | None = None
        if hasattr(os, "pidfd_open"):
            # It tells of the end even while another process, which a handler started, holds the line open.
            with contextlib.suppress(OSError):
                self._watch = os.pidfd_open(pid)

    def tell(self, message: tuple[Any, ...]) -> None:
        """Sends a message; a process that is gone does not hear it."""
        with contextlib.suppress(OSError):
            self._line.send(message)

    def receive(self) -> tuple[Any, ...]:
        """Waits for a message.

        Raises:
            ChildGone: The process is gone.
        """
        line, watch = self._line.socket.fileno(), self._watch
        # What it said before it died is heard first.
        if watch is not None and line not in _readable(line, watch):
            raise ChildGone
        message = self._line.receive()
        if message is None:
            raise ChildGone
        return message

    def is_alive(self) -> bool:
        """Whether it can take a run: it neither died nor said anything."""
        watched = [self._line.socket.fileno(), *([] if self._watch is None else [self._watch])]
        return not _readable(*watched, timeout=0)

    def loads(self, parcel: Parcel) -> str | None:
        """Has a handler loaded there; why it cannot be, None if it can."""
        self.tell(("load", parcel))
        try:
            while (message := self.receive())[0] != "loaded":
                pass
        except ChildGone:
            return "its process died"
        why: str | None = message[1]
        return why

    def close(self) -> str:
        """Ends it, and what it started; how it ended."""
        self._line.close()
        if self._watch is not None:
            os.close(self._watch)
            self._watch = None
        self._pool._forget(self)
        return self._nursery.bury(self.pid)

    def abandon(self) -> None:
        """Closes what a fork of this process inherited of it."""
        self._line.socket.close()


class _Nursery:
    """The process that forks the others."""

    def __init__(self, setup: tuple[Any, ...]) -> None:
        ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self.line = Channel(ours)
        # As multiprocessing has it: the options of this interpreter, such as -O, hold there too.
        options = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        command = [sys.executable, *options, "-m", "dataqueue.isolation.nursery"]
        with theirs:
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)  # noqa: S603
        message = self.line.receive()
        while message == ("setup",):
            self.line.send(setup)
            message = self.line.receive()
        if message is None:
            raise OSError(f"the process that starts those of handlers {_how(self._process.wait())}")

    def fork(self) -> tuple[int, Channel]:
        """A new process, and the line to it."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            socket.send_fds(self.line.socket, [b"f".ljust(_ORDER)], [theirs.fileno()])
            message = self.line.receive()
        if message is None or message[0] == "refused":
            ours.close()
            raise OSError("the process that starts those of handlers is gone" if message is None else message[1])
        return message[1], Channel(ours)

    def bury(self, pid: int) -> str:
        """Sees a process to its end; how it ended."""
        with self._lock:
            try:
                self.line.socket.sendall(f"b{pid}".encode().ljust(_ORDER))
                message = self.line.receive()
            except OSError:
                message = None
        return "was killed with the process that started it" if message is None else _how(message[2])

    def close(self) -> None:
        self.line.close()
        self._process.wait()

    def is_alive(self) -> bool:
        return self._process.poll() is None


class Pool:
    """The processes of one worker. Safe to use from several threads."""

    def __init__(self, parcels: Iterable[Parcel]) -> None:
        ways = (way for _, own, around, _ in parcels for way in (own, *around))
        modules = list(dict.fromkeys(module for module, _, pickled in ways if pickled is None))
        main = sys.modules.get("__main__")
        spec = getattr(main, "__spec__", None)
        file, name = getattr(main, "__file__", None), getattr(spec, "name", None)
        self._setup = (list(sys.path), list(sys.argv), file, name, modules)
        self._lock = threading.Lock()
        self._nursery: _Nursery | None = None
        self._processes: weakref.WeakSet[Process] = weakref.WeakSet()
        self._closed = False
        _pools.add(self)

    def child(self) -> Process:
        """A process that is ready for a run.

        Raises:
            OSError: None can be made.
        """
        for last in (False, True):
            nursery = self._open_nursery()
            try:
                pid, line = nursery.fork()
            except OSError as error:
                say(logging.WARNING, "no process for a handler: %s", error)
                if last:
                    raise
                continue
            process = Process(self, nursery, pid, line)
            with self._lock:
                self._processes.add(process)
            return process
        raise AssertionError("not reached")

    def close(self) -> None:
        """Ends every process."""
        with self._lock:
            self._closed = True
            nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def _open_nursery(self) -> _Nursery:
        with self._lock:
            if self._closed:
                raise OSError("the worker has ended")
            if self._nursery is None or not self._nursery.is_alive():
                if self._nursery is not None:
                    self._nursery.close()
                self._nursery = _Nursery(self._setup)
            return self._nursery

    def _forget(self, process: Process) -> None:
        with self._lock:
            self._processes.discard(process)

    def _abandon(self) -> None:
        """In a fork of this process: it must not keep the lines of its parent open."""
        if self._nursery is not None:
            self._nursery.line.socket.close()
        for process in list(self._processes):
            process.abandon()


def _readable(*descriptors: int, timeout: int | None = None) -> list[int]:
    """Which of them have something to read, waiting `timeout` milliseconds; `select` takes no high numbers."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(timeout)]


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_pools):
        pool._abandon()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
