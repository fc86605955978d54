"""What wheels and the source distribution hold: all that they should, nothing else, and not too much of it."""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LARGEST_WHEEL = 12 * 1000 * 1000
"""How many bytes a wheel may have."""

_ENGINE = re.compile(r"dataqueue/_core\.(?:abi3\.so|pyd|cpython-\d+t-[\w-]+\.so|cp\d+t-\w+\.pyd)")
_METADATA = re.compile(
    r"dataqueue-[\w.]+\.dist-info/"
    r"(?:METADATA|RECORD|WHEEL|entry_points\.txt|licenses/LICENSE|sboms/[\w.-]+\.json)"
)
# The benches, because cargo builds nothing of a tree that lacks a target which Cargo.toml names.
_SOURCES = ("src", "migrations", "python", "benches/*.rs", "benches/support")
_LOOSE = ("Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
# The build writes it.
_MADE = ("PKG-INFO",)


def tracked(root: Path, folders: Iterable[str]) -> set[str]:
    """The files of the repository under these folders: what lies there besides is no part of a release."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *folders], cwd=root, check=True, capture_output=True, text=True
    )
    return {name for name in listed.stdout.split("\0") if name}


def faults(root: Path, file: Path) -> list[str]:
    """What is wrong with a wheel or source distribution that was built of the tree."""
    if file.suffix == ".whl":
        found = _wheel_faults(root, file)
        size = file.stat().st_size
        if size > LARGEST_WHEEL:
            found.append(f"it has {size:,} bytes, and {LARGEST_WHEEL:,} are allowed")
        return found
    return _sdist_faults(root, file)


def _wheel_faults(root: Path, file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    engines = [name for name in names if _ENGINE.fullmatch(name)]
    found = [] if len(engines) == 1 else [f"it has not one engine, but {len(engines)}: {engines}"]
    if not any(name.endswith(".cyclonedx.json") for name in names):
        found.append("it has no list of what the engine is made of (sboms/*.cyclonedx.json)")
    held = {name for name in names if name not in engines and not _METADATA.fullmatch(name)}
    wanted = {name.removeprefix("python/") for name in tracked(root, ["python/dataqueue"])}
    return [*found, *_differences(held, wanted)]


def _sdist_faults(root: Path, file: Path) -> list[str]:
    with tarfile.open(file) as archive:
        held = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    wanted = {*tracked(root, [*_SOURCES, *_LOOSE]), *_MADE}
    return _differences(held, wanted)


def _differences(held: set[str], wanted: set[str]) -> list[str]:
    missing = [f"it lacks {name}" for name in sorted(wanted - held)]
    return [*missing, *(f"it has {name}, which has no place there" for name in sorted(held - wanted))]
