"""Where the URL is read from when none is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataqueue import AsyncJobQueue, JobQueue
from tests.conftest import with_parameter
from tests.python.migrations.conftest import Migrate

DEAD = "postgresql://app:Zq9@127.0.0.1:1/app"


@pytest.fixture
def url(postgres_url: str, schema: str) -> str:
    return with_parameter(postgres_url, "schema", schema)


def test_each_variable_is_read_in_its_turn(migrate: Migrate, url: str) -> None:
    assert migrate("up", env={"PG_DATAQUEUE_DATABASE": url}).stdout.startswith("0001 jobs: applied\n")
    assert migrate("status", env={"DATAQUEUE_URL": url}).returncode == 0
    assert migrate("status", env={"DATAQUEUE_URL": url, "PG_DATAQUEUE_DATABASE": DEAD}).returncode == 0
    assert migrate("status", env={"DATAQUEUE_URL": "", "PG_DATAQUEUE_DATABASE": url}).returncode == 0
    assert migrate("status", "--url", url, env={"DATAQUEUE_URL": DEAD, "PG_DATAQUEUE_DATABASE": DEAD}).returncode == 0
    wrong = migrate("status", env={"DATAQUEUE_URL": DEAD, "PG_DATAQUEUE_DATABASE": url})
    assert (wrong.returncode, "127.0.0.1:1" in wrong.stderr, "Zq9" in wrong.stderr) == (1, True, False)


def test_the_schema_option_goes_with_a_url_of_the_environment(migrate: Migrate, postgres_url: str, schema: str) -> None:
    assert migrate("up", "--schema", schema, env={"DATAQUEUE_URL": postgres_url}).returncode == 0
    assert migrate("status", env={"DATAQUEUE_URL": with_parameter(postgres_url, "schema", schema)}).returncode == 0


def test_a_file_of_variables_is_read(migrate: Migrate, url: str, tmp_path: Path) -> None:
    path = tmp_path / ".env.local"
    for line in (f"DATAQUEUE_URL={url}", f'export PG_DATAQUEUE_DATABASE="{url}"', f" DATAQUEUE_URL = '{url}' "):
        path.write_text(f"# a comment\n\nOTHER=x=y\n{line}\n", encoding="utf-8")
        ran = migrate("up", "--env-path", str(path))
        assert (ran.returncode, ran.stderr) == (0, "")
    assert migrate("status", "--env-path", ".env.local").returncode == 0


def test_the_environment_wins_over_the_file(migrate: Migrate, url: str, tmp_path: Path) -> None:
    (tmp_path / "dead").write_text(f"DATAQUEUE_URL={DEAD}\n")
    (tmp_path / "good").write_text(f"DATAQUEUE_URL={url}\n")
    assert migrate("up", "--env-path", "dead", env={"DATAQUEUE_URL": url}).returncode == 0
    assert migrate("up", "--env-path", "good", env={"DATAQUEUE_URL": DEAD}).returncode == 1
    assert migrate("up", "--env-path", "dead", "--url", url).returncode == 0


def test_a_file_that_is_none_is_refused_by_name_and_line(migrate: Migrate, tmp_path: Path) -> None:
    missing = migrate("up", "--env-path", "not_there")
    assert (missing.returncode, "cannot read not_there" in missing.stderr) == (1, True)
    (tmp_path / "odd").write_text("A=b\npassword Zq9\n")
    odd = migrate("up", "--env-path", "odd")
    assert (odd.returncode, "odd, line 2: expected KEY=VALUE" in odd.stderr, "Zq9" in odd.stderr) == (1, True, False)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert migrate("up", "--env-path", "binary").returncode == 1


async def test_queues_read_the_same_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    with JobQueue() as queue:
        assert repr(queue) == "<JobQueue sqlite:///dataqueue.db>"
    monkeypatch.setenv("PG_DATAQUEUE_DATABASE", "postgresql://app:Zq9@second/app")
    with JobQueue() as queue:
        assert repr(queue) == "<JobQueue postgresql://app@second:5432/app>"
    monkeypatch.setenv("DATAQUEUE_URL", "postgresql://app:Zq9@first/app?schema=own")
    async with AsyncJobQueue() as awaiting:
        assert repr(awaiting) == "<AsyncJobQueue postgresql://app@first:5432/app?schema=own>"
