"""Makes the processes of handlers: `python -m dataqueue.isolation.nursery`, with its line on standard input.

It has one thread, so that it may fork; it imports the handlers' modules first, so that a child is ready at once. It
keeps the dead until it is told to bury them, so that their numbers name nobody else. When its line ends, it kills what
is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import runpy
import signal
import socket
import sys
import threading
import time
import traceback
import types
from pathlib import Path
from typing import Any

from .channel import Channel
from .travel import MAIN

__all__ = ["main"]

# How long a child that was told to go may take, before it is killed.
_PATIENCE = 1.0
_FRESH = "--fresh"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serves until the line ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Whoever started this one says when it ends. No SIG_IGN, which programs that handlers start would inherit.
        signal.signal(number, _pass)
    line = Channel(socket.socket(fileno=os.dup(0)))
    line.socket.set_inheritable(False)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    line.send(("setup",))
    setup = line.receive()
    if setup is None:
        return
    path, arguments, main_path, main_name, modules = setup
    is_fresh = _FRESH in sys.argv
    sys.path[:], sys.argv[:] = path, arguments
    if not is_fresh:
        _prepare(main_path, main_name, modules)
        if _has_threads():
            # What a thread holds at the moment of a fork is held for ever in the child: children import for themselves.
            _start_fresh(line)
    gc.collect()
    gc.freeze()
    line.send(("ready",))
    _serve(line, setup)


def _pass(_number: int, _frame: types.FrameType | None) -> None:
    pass


def _prepare(main_path: str | None, main_name: str | None, modules: list[str]) -> None:
    """Imports what handlers need. What fails here is told by the child that needs it."""
    for module in modules:
        with contextlib.suppress(BaseException):
            if module == "__main__":
                import_main(main_path, main_name)
            else:
                importlib.import_module(module)


def import_main(path: str | None, name: str | None) -> None:
    """Runs the program's own file under another name, so that what it does only as a program is not done."""
    if MAIN in sys.modules:
        return
    found: dict[str, Any] = {}
    if name is not None:
        found = runpy.run_module(name, run_name=MAIN, alter_sys=True)
    elif path is not None:
        found = runpy.run_path(path, run_name=MAIN)
    module = types.ModuleType(MAIN)
    module.__dict__.update(found)
    sys.modules[MAIN] = module


def _has_threads() -> bool:
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir()) > 1
    except OSError:
        return threading.active_count() > 1


def _start_fresh(line: Channel) -> None:
    os.dup2(line.socket.fileno(), 0)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], _FRESH])  # noqa: S606 - this program again


def _serve(line: Channel, setup: tuple[Any, ...]) -> None:
    alive: set[int] = set()
    while (order := _next_order(line)) is not None:
        what, given = order
        if what == "fork":
            pid = _fork(line, setup, given)
            if pid is not None:
                alive.add(pid)
        else:
            line.send(("buried", given, _bury(given)))
            alive.discard(given)
    for pid in alive:
        _kill(pid)


def _next_order(line: Channel) -> tuple[str, int] | None:
    """`fork` with the descriptor of a child's line, or `bury` with the number of a child."""
    try:
        data, descriptors, _, _ = socket.recv_fds(line.socket, 12, 1)
        while data and len(data) < 12:
            more = line.socket.recv(12 - len(data))
            data = data + more if more else b""
    except OSError:
        return None
    if not data:
        return None
    if data[:1] == b"f":
        return "fork", descriptors[0]
    return "bury", int(data[1:])


def _fork(line: Channel, setup: tuple[Any, ...], descriptor: int) -> int | None:
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(descriptor)
        line.send(("refused", str(error)))
        return None
    if pid == 0:
        code = 1
        try:
            _become_child(line, setup, descriptor, parent)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(descriptor)
    # Both sides do it, so that it is done before either goes on.
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    line.send(("forked", pid))
    return pid


def _become_child(line: Channel, setup: tuple[Any, ...], descriptor: int, parent: int) -> None:
    from .child import Child

    line.socket.close()
    os.setpgid(0, 0)
    _die_with(parent)
    gc.unfreeze()
    _, _, main_path, main_name, modules = setup
    if "__main__" in modules:
        import_main(main_path, main_name)
    Child(Channel(socket.socket(fileno=descriptor))).serve()


def _die_with(parent: int) -> None:
    """Sees to it that this process is killed when its parent dies, where the system can."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _bury(pid: int) -> int:
    """Waits for a child that is dead or was told to go; its exit code, negative for a signal."""
    deadline = time.monotonic() + _PATIENCE
    pause = 0.0005
    while time.monotonic() < deadline:
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                break
        else:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                _kill_group(pid)
                return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    # What it had started goes with it; as long as it is not reaped, its number names no other group.
    return _kill(pid)


def _kill(pid: int) -> int:
    _kill_group(pid)
    with contextlib.suppress(ChildProcessError):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return -signal.SIGKILL


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
