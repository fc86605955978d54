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

SCENARIOS = [
    ("results", {}),
    ("awaiting", {}),
    ("failures", {"SHOP_OPTIONS": '{"DATABASE": "default", "max_attempts": 2, "retry_delay": 0}'}),
    ("in_transactions", {}),
    ("deferring", {}),
    ("deferring", {"SHOP_USE_TZ": "0"}),
    ("ordering", {}),
    ("refusals", {}),
    ("checking", {}),
    ("connections", {}),
    ("commands", {}),
]


@pytest.fixture(scope="module", params=["Django 6", "backport"])
def python(request: pytest.FixtureRequest) -> Iterator[str]:
    with here(with_django_6() if request.param == "Django 6" else with_backport()) as found:
        yield found


@pytest.mark.parametrize(("scenario", "more"), SCENARIOS, ids=[" ".join([name, *more]) for name, more in SCENARIOS])
def test_a_program(python: str, scenario: str, more: dict[str, str], postgres_url: str, schema: str) -> None:
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
