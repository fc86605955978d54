"""Where each contestant runs: a virtual environment or node_modules of its own for each peer, under `target/peers`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .registry import CONTESTANTS, Contestant
from .runtimes import node, npm, python

__all__ = ["InstallError", "command", "environment", "install", "is_installed"]

_ROOT = CONTESTANTS.parents[2] / "target" / "peers"
_INSTALL_DEADLINE = 900.0
_VARIABLES = ("PG", "PYTHON", "DATAQUEUE_", "NODE_")


class InstallError(RuntimeError):
    """A peer's environment could not be made; the message holds what the installer said."""


def command(contestant: Contestant) -> list[str]:
    """How its program is started."""
    if contestant.runtime == "node":
        return [str(node()), str(contestant.program)]
    # Without -P a program that is named like the library it runs would be found in its place.
    return [str(_python(contestant)), "-P", str(contestant.program)]


def environment(contestant: Contestant) -> dict[str, str]:
    """The variables it is started with: a peer finds nothing of ours but the module that it is made of."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_VARIABLES)}
    own = [] if contestant.role == "peer" else [os.environ.get("PYTHONPATH", "")]
    paths = [str(CONTESTANTS), *filter(None, own)]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", "NODE_ENV": "production"}


def is_installed(contestant: Contestant) -> bool:
    """Whether it can run at once, with the versions that it asks for now."""
    if contestant.requirements is None:
        return True
    mark = _mark(contestant)
    return mark.exists() and mark.read_text() == _asked(contestant)


def install(contestant: Contestant) -> None:
    """Makes its environment anew.

    Raises:
        InstallError: It could not be made.
        RuntimeMissingError: What it runs on is not here.
    """
    if contestant.requirements is None:
        return
    folder = _folder(contestant)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if contestant.runtime == "node":
        folder.mkdir()
        for file in (*contestant.requirements.glob("package*.json"), *contestant.requirements.glob(".npmrc")):
            shutil.copy(file, folder)
        _run(contestant, [*npm(), "ci", "--no-audit", "--no-fund"], folder)
    else:
        _run(contestant, [str(python(contestant.python)), "-m", "venv", str(folder)], folder.parent)
        pip = [str(_python(contestant)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(contestant, [*pip, "-r", str(contestant.requirements)], folder)
    _mark(contestant).write_text(_asked(contestant))


def _folder(contestant: Contestant) -> Path:
    if contestant.runtime == "node" and contestant.requirements is not None:
        # Node's peers share one package.json; their programs look for the packages here.
        return _ROOT / contestant.requirements.name
    return _ROOT / contestant.name


def _mark(contestant: Contestant) -> Path:
    return _folder(contestant) / ".installed"


def _asked(contestant: Contestant) -> str:
    asked = contestant.requirements
    if asked is None:
        return ""
    files = [asked] if asked.is_file() else sorted(asked.glob("package*.json"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _python(contestant: Contestant) -> Path:
    if contestant.requirements is None:
        return Path(sys.executable)
    return _folder(contestant) / ("Scripts" if os.name == "nt" else "bin") / "python"


def _run(contestant: Contestant, arguments: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_DEADLINE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{contestant.name} could not be installed: {error}") from error
    if done.returncode != 0:
        raise InstallError(f"{contestant.name} could not be installed:\n{done.stdout}{done.stderr}")
