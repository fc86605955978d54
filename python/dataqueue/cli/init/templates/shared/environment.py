"""Settings: those of the environment, and for what it does not say, those of the file .env beside this one."""

from __future__ import annotations

import os
from pathlib import Path

FILE = Path(__file__).with_name(".env")


def load(path: Path = FILE) -> None:
    """Puts the settings of the file into the environment, where it has none of that name."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())
