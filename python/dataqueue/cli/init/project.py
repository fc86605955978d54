"""A project that begins: its files, made of the templates beside this module, and what to type next."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FRAMEWORKS", "STORES", "Written", "files", "next_commands", "write"]

FRAMEWORKS = ("fastapi", "flask", "django", "plain")
STORES = ("sqlite", "postgres", "redis")

_TEMPLATES = Path(__file__).parent / "templates"
# What is called otherwise here: files with a dot in front are left out of packages.
_NAMES = {"gitignore": ".gitignore", "env": ".env"}
_ENV = ".env"
_SERVE = {
    "fastapi": "uvicorn app:app --reload",
    "flask": "flask run --port 8000",
    "django": "python manage.py runserver",
    "plain": "python app.py",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the project, and what became of it: `created`, `unchanged` or `left_alone`."""

    path: str
    action: str


def files(framework: str, store: str) -> dict[str, str]:
    """The files of a project, by their paths in it; passwords are made anew each time."""
    found: dict[str, str] = {}
    for folder in ("shared", framework, f"stores/{store}"):
        for path, text in _in(_TEMPLATES / folder):
            found[path] = found[path] + text if path == _ENV and path in found else text
    secret = {name: secrets.token_urlsafe(24) for name in ("STORE_PASSWORD", "DASHBOARD_PASSWORD", "SECRET_KEY")}
    found[_ENV] = re.sub(r"@([A-Z_]+)@", lambda name: secret[name[1]], found[_ENV])
    return dict(sorted(found.items()))


def _in(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            inner = path.relative_to(folder)
            yield inner.with_name(_NAMES.get(path.name, path.name)).as_posix(), path.read_text(encoding="utf-8")


def write(folder: Path, contents: dict[str, str]) -> list[Written]:
    """Writes the files that are not there; where one cannot be written, none of them is left.

    Raises:
        OSError: One cannot be written.
    """
    made: list[Path] = []
    written: list[Written] = []
    try:
        for name, text in contents.items():
            path = folder / name
            _make_folders(path.parent, made)
            try:
                # Passwords are for whoever this is for.
                mode = 0o600 if name == _ENV else 0o666
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:  # noqa: PTH123
                    made.append(path)
                    file.write(text)
                written.append(Written(name, "created"))
            except FileExistsError:
                written.append(Written(name, "unchanged" if _is_alike(path, name, text) else "left_alone"))
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise
    return written


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        made.append(one)


def _is_alike(path: Path, name: str, text: str) -> bool:
    """Whether a file is as it would be written; of settings, whether it has all of them."""
    try:
        there = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if name == _ENV:
        return _settings(text) <= _settings(there)
    return there == text


def _settings(text: str) -> set[str]:
    return {line.partition("=")[0] for line in text.splitlines() if "=" in line and not line.startswith("#")}


def next_commands(framework: str, store: str, folder: Path) -> list[str]:
    """What to type to see it run."""
    commands = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    commands.append("pip install -r requirements.txt")
    if store != "sqlite":
        commands.append("docker compose up -d --wait")
    if store == "postgres":
        commands.append("dataqueue migrate up --env-path .env")
    return [*commands, _SERVE[framework], "dataqueue worker jobs:handlers --env-path .env"]
