"""The command line on each store: run in this process where that is enough, and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from dataqueue import JobQueue
from dataqueue.cli.main import group
from dataqueue.config import URL_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from dataqueue.cli import main; main()"]


class Cli:
    """`dataqueue` on one store."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder

    def __call__(self, *arguments: str, stdin: str | bytes | None = None) -> Result:
        """Runs a command in this process."""
        ran = CliRunner().invoke(group, [*arguments, "--url", self.url], input=stdin)
        assert ran.exception is None or isinstance(ran.exception, SystemExit), repr(ran.exception)
        return ran

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """What a command prints with --json."""
        ran = self(*arguments, "--json")
        assert ran.exit_code == exit_code, ran.output
        return json.loads(ran.stdout)

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Runs a command in a process of its own, with the URL in the environment."""
        environ = {name: value for name, value in os.environ.items() if name not in URL_VARIABLES}
        ran = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self._folder,
            env={**environ, "DATAQUEUE_URL": self.url},
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        told = ran.stdout.decode(), ran.stderr.decode()
        assert "Traceback" not in told[1], told[1]
        return subprocess.CompletedProcess(ran.args, ran.returncode, *told)


@pytest.fixture
def cli(store_url: str, tmp_path: Path) -> Cli:
    return Cli(store_url, tmp_path)


@pytest.fixture
def jobs(store_url: str) -> Iterator[JobQueue]:
    """A queue on the store of `cli`."""
    with JobQueue(store_url) as jobs:
        # So that the file of SQLite is there.
        jobs.get_job(1)
        yield jobs
