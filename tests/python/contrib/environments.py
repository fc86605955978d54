"""Pythons with a Django that this one does not have, made when a test first needs them and kept for the next run."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers import NotHereError

__all__ = ["with_backport", "with_django_6"]

ROOT = Path(__file__).resolve().parents[3]
NEEDS = ["django>=6,<7", "psycopg[binary]>=3.3,<4", "click>=8.1", "pydantic>=2.9,<3", "typing_extensions>=4.12"]
WHAT = "django.tasks of Django 6, which needs Python 3.12 or later and a package index"


@contextlib.contextmanager
def with_backport() -> Iterator[str]:
    """This Python, where Django's own or the backport's task framework is installed.

    Raises:
        NotHereError: Neither is.
    """
    if not _has("django.tasks") and not _has("django_tasks"):
        raise NotHereError("the package django-tasks, which is not installed")
    yield sys.executable


@contextlib.contextmanager
def with_django_6() -> Iterator[str]:
    """A Python with Django 6.

    Raises:
        NotHereError: There is no Python 3.12 or later, or nowhere to get Django from.
    """
    yield sys.executable if _has("django.tasks") else _made()


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _made() -> str:
    python = _newer_python()
    folder = ROOT / "target" / "environments" / "django-6"
    folder.parent.mkdir(parents=True, exist_ok=True)
    made_of = "\n".join([python, *NEEDS])
    with (folder.parent / "django-6.lock").open("w") as lock:
        # Several processes of a test run may want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, inner = folder / "made-of.txt", folder / "bin" / "python"
        if not made.exists() or made.read_text() != made_of or not inner.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([python, "-m", "venv", str(folder)])
            _run([str(inner), "-m", "pip", "install", "--quiet", *NEEDS])
            made.write_text(made_of)
    return str(inner)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotHereError(f"{WHAT}: {' '.join(done.stderr.split())[-300:]}")


def _newer_python() -> str:
    named = [shutil.which(f"python3.{minor}") for minor in (14, 13, 12)]
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    found = sorted(path for root in roots for path in root.glob("3.*/bin/python"))
    for candidate in [sys.executable, *named, *map(str, reversed(found))]:
        if candidate is None:
            continue
        # What pyenv puts on the PATH for a version that is not chosen only says so.
        asked = subprocess.run([candidate, "-V"], capture_output=True, text=True, check=False)
        version = re.match(r"Python 3\.(\d+)\.\d+$", asked.stdout.strip())
        if asked.returncode == 0 and version and 12 <= int(version[1]) < 15:
            return candidate
    raise NotHereError(WHAT)
