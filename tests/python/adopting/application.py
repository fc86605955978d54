"""An application that uses the TypeScript library, on Node, and the tables that it made."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.processes import ROOT
from tests.servers import NotHereError

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
# Far longer than a call takes: a test that hangs is to end.
INSTALLING = 300.0


class Application:
    """Makes calls of the TypeScript library."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, name: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["answer"]


def installed() -> Path:
    """The folder in which the application and its library are.

    Raises:
        NotHereError: There is no Node, or the library cannot be had.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotHereError("the TypeScript library needs node and npm: install nodejs and npm")
    folder = ROOT / "target" / "environments" / "typescript"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        # Several processes of a test run may want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "application.mjs"):
            shutil.copy(HERE / name, folder / name)
        wanted = (HERE / "package.json").read_text()
        mark = folder / ".installed"
        if not mark.exists() or mark.read_text() != wanted:
            quietly = ["--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps", "--loglevel=error"]
            command = ["npm", "install", *quietly]
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALLING, check=False)
            if ran.returncode:
                raise NotHereError(f"the TypeScript library could not be installed: {ran.stderr.strip()[-300:]}")
            mark.write_text(wanted)
    return folder


def statements(folder: Path) -> Iterator[str]:
    """What makes the tables of the library's release, by its own migrations."""
    for path in sorted((folder / "node_modules/@nicnocquee/dataqueue/migrations").glob("*.sql")):
        _, _, text = path.read_text().partition("-- Up Migration")
        up, _, _ = text.partition("-- Down Migration")
        yield up.partition("\n")[2]


@contextmanager
def application(folder: Path, url: str) -> Iterator[Application]:
    """The application, on a database."""
    process = subprocess.Popen(
        ["node", "application.mjs"],
        cwd=folder,
        env={**os.environ, "URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Application(process)
    finally:
        process.kill()
        process.communicate()
