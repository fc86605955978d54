"""The command line, run as its users run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from dataqueue.config import URL_VARIABLES

Ran: TypeAlias = "subprocess.CompletedProcess[str]"
Migrate: TypeAlias = Callable[..., Ran]

COMMAND = [sys.executable, "-c", "from dataqueue.cli import main; main()", "migrate"]


def environment(**variables: str) -> dict[str, str]:
    """The environment without URLs of queues, and with these variables."""
    return {**{name: value for name, value in os.environ.items() if name not in URL_VARIABLES}, **variables}


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """Runs `dataqueue migrate` with these arguments, in an empty folder."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        ran = subprocess.run(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    return run
