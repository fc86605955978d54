"""What the engine logs, brought to Python's `logging` in batches by a thread born here."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._core import LogPump

__all__ = ["say", "start"]

_log = logging.getLogger("dataqueue")
_lock = threading.Lock()
_started_in = 0


def say(level: int, message: str, *args: object, logger: logging.Logger = _log, **options: Any) -> None:
    """Logs. What a logging handler raises is printed and harms neither jobs nor the threads that run them."""
    try:
        logger.log(level, message, *args, **options)
    except Exception:
        if logging.raiseExceptions:
            with contextlib.suppress(Exception):
                traceback.print_exc()


def start() -> None:
    """Starts to log what the engine does, once for each process; each call hands on the level that the logger has."""
    global _started_in  # noqa: PLW0603 - one fact about the process
    from ._core import LogPump, set_log_level

    with _lock:
        if _log.level == logging.NOTSET and not _log.isEnabledFor(logging.INFO):
            # Asked to tell what is done, and not told otherwise: the usual level of warnings would keep all of it back.
            _log.setLevel(logging.INFO)
        set_log_level(_log.getEffectiveLevel())
        if _started_in == os.getpid():
            return
        _started_in = os.getpid()
        pump = LogPump()
        thread = threading.Thread(target=_pump, args=(pump,), name="dataqueue-log", daemon=True)

        def end() -> None:
            pump.close()
            thread.join(1)

        # Not `atexit`: the thread must be gone before the interpreter takes threads away.
        threading._register_atexit(end)  # type: ignore[attr-defined]
        thread.start()


def _pump(pump: LogPump) -> None:
    while (records := pump.next()) is not None:
        for level, message, job_id, job_type, worker in records:
            # On every record, so that a format may name them.
            about = {"job_id": job_id, "job_type": job_type, "worker": worker}
            say(level, "%s", message, extra=about)
