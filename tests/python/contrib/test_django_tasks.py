"""The backend of `django.tasks`, in programs of their own: with Django 6, and with the backport on this Django."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import here
from tests.python.contrib.environments import ROOT, with_backport, with_django_6
from tests.python.contrib.projects import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIOS: list[tuple[str, dict[str, str]]] = [
    ("results", {}),
    ("failures", {"SHOP_OPTIONS": '{"DATABASE": "default", "max_attempts": 2, "retry_delay": 0}'}),
    ("in_transactions", {}),
    ("checking", {}),
    ("awaiting", {}),
    ("deferring", {}),
    ("deferring", {"SHOP_USE_TZ": "0"}),
    ("ordering", {}),
    ("refusals", {}),
    ("connections", {}),
    ("commands", {}),
]


@pytest.fixture(scope="module")
def django_6() -> Iterator[str]:
    with here(with_django_6()) as found:
        yield found


@pytest.fixture(scope="module")
def backport() -> Iterator[str]:
    with here(with_backport()) as found:
        yield found


@pytest.mark.parametrize(("scenario", "more"), SCENARIOS, ids=[" ".join([name, *more]) for name, more in SCENARIOS])
def test_a_program(django_6: str, scenario: str, more: dict[str, str], postgres_url: str, schema: str) -> None:
    run(django_6, scenario, more, postgres_url, schema)


@pytest.mark.parametrize(("scenario", "more"), SCENARIOS[:4], ids=[name for name, _ in SCENARIOS[:4]])
def test_a_program_with_the_backport(
    backport: str, scenario: str, more: dict[str, str], postgres_url: str, schema: str
) -> None:
    run(backport, scenario, more, postgres_url, schema)


def run(python: str, scenario: str, more: dict[str, str], postgres_url: str, schema: str) -> None:
    done = subprocess.run(
        [python, "-W", "error", "-m", "tests.python.contrib.shop.scenarios", scenario],
        cwd=ROOT,
        env=environment(python, postgres_url, schema, **more),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
