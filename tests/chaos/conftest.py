"""What the tests of survival share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataqueue import JobQueue
from tests.chaos.ledger import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def queue(store_url: str) -> Iterator[JobQueue]:
    """A queue on a fresh store."""
    with JobQueue(store_url) as queue:
        yield queue


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the handlers of this test write what they do; processes inherit it."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv(VARIABLE, str(path))
    return path
