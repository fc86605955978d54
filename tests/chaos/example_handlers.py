"""The handlers of the examples, in a process that dies where a file says so: before or after one of their effects."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataqueue import JobHandlers
from examples import approval, onboarding, report
from tests.chaos.death import DEATH


def _dies(moment: str, effect: str) -> None:
    file = Path(os.environ[DEATH])
    if file.exists() and file.read_text() == f"{moment} {effect}":
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def mortal(function: Callable[..., Any], effect: Callable[..., str]) -> Callable[..., Any]:
    """The function, in whose process a death may strike just before it and just after it."""

    def call(*given: Any) -> Any:
        name = effect(*given)
        _dies("before", name)
        result = function(*given)
        _dies("after", name)
        return result

    return call


onboarding.send = mortal(onboarding.send, lambda mail, _to: mail)
report.count = mortal(report.count, lambda file: Path(file).name)
approval.act = mortal(approval.act, lambda what, _details: what)

handlers = JobHandlers({"onboard": onboarding.onboard, "report": report.report, "expense": approval.expense})
