"""Changes to files: planned first, and then written, each file as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ..printing import print_json

__all__ = ["Change", "carry_out", "change_options", "planned"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Change:
    """A file, what is in it, None where it is not there, and what is to be in it."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def action(self) -> str:
        """What becomes of the file: `create`, `update` or `unchanged`."""
        if self.before == self.after:
            return "unchanged"
        return "create" if self.before is None else "update"

    def write(self) -> None:
        """Puts the new content in the place of the old one, if nobody changed it meanwhile."""
        # A link is kept, and what it leads to is replaced.
        path = Path(os.path.realpath(self.path))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.after)
                file.flush()
                os.fsync(file.fileno())
            if self.before is None:
                Path(name).chmod(0o666 & ~_umask())
            else:
                shutil.copymode(path, name)
            if _read(path) != self.before:
                raise click.ClickException(f"{self.path} was changed by somebody else meanwhile: run this again")
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def planned(path: Path, make: Callable[[str], str]) -> Change:
    """The change that `make` makes of a file's text, the empty one where there is no file; newlines stay as they are.

    Raises:
        click.ClickException: The file cannot be read, or is no UTF-8.
    """
    try:
        before = _read(path)
        text = (before or b"").decode("utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror or error}; nothing was changed") from None
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{path} is not UTF-8 ({error.reason}): convert it first; nothing was changed"
        ) from None
    windows = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    made = make(text.replace("\r\n", "\n") if windows else text)
    return Change(path, before, (made.replace("\n", "\r\n") if windows else made).encode("utf-8"))


def change_options(command: F) -> F:
    """Adds --dir, --dry-run and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing."),
        click.option(
            "--dir",
            "folder",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            default=".",
            help="The project's folder; the working directory if left out.",
        ),
    ):
        command = option(command)
    return command


def carry_out(changes: Sequence[Change], folder: Path, *, dry_run: bool, as_json: bool) -> None:
    """Writes what is to be changed, and says so."""
    if not dry_run:
        _write([change for change in changes if change.action != "unchanged"])
    if as_json:
        files = [{"path": str(change.path), "action": change.action} for change in changes]
        print_json({"dry_run": dry_run, "files": files})
        return
    words = (
        {"create": "would create", "update": "would update"} if dry_run else {"create": "created", "update": "updated"}
    )
    for change in changes:
        shown = change.path.relative_to(folder) if change.path.is_relative_to(folder) else change.path
        click.echo(f"{words.get(change.action, 'is up to date')}  {shown}")


def _write(changes: Sequence[Change]) -> None:
    written: list[str] = []
    for change in changes:
        try:
            change.write()
        except OSError as error:
            before = f"written before it: {', '.join(written)}" if written else "nothing was written"
            raise click.ClickException(f"cannot write {change.path}: {error.strerror or error}; {before}") from None
        written.append(str(change.path))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
