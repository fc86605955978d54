"""`dataqueue jobs list` and `show`."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import Job, JobHandlers, JobRecord, Tags
from dataqueue.cli.printing import as_json, clean, cut, fit, span, table

if TYPE_CHECKING:
    from pathlib import Path

    from dataqueue import JobQueue
    from tests.python.cli.conftest import Cli


def fail(payload: Any) -> None:
    raise RuntimeError(f"no luck with {payload}\x1b[31m")


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [one["id"] for one in found]


def test_a_list_meets_its_conditions_and_pages_by_cursor(cli: Cli, jobs: JobQueue) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    one, two, three = jobs.add_jobs(
        [
            Job("mail", {"n": 1}, tags=["a"]),
            Job("mail", {"n": 2}, tags=["a", "b"], priority=5),
            Job("report", None, run_at=later),
        ]
    )
    jobs.cancel_job(one)
    assert ids(cli.json("jobs", "list")) == [three, two, one]
    for options, expected in [
        (["--type", "mail"], [two, one]),
        (["--type", "mail", "--type", "report"], [three, two, one]),
        (["--status", "pending"], [three, two]),
        (["--status", "pending", "--status", "cancelled"], [three, two, one]),
        (["--tag", "a", "--tag", "b"], [two]),
        (["--tag", "a", "--tag-mode", "exact"], [one]),
        (["--priority", "5"], [two]),
        (["--due-after", (later - timedelta(hours=1)).isoformat()], [three]),
        (["--due-before", (later - timedelta(hours=1)).isoformat()], [two, one]),
        (["--limit", "1"], [three]),
        (["--limit", "1", "--cursor", str(three)], [two]),
        (["--type", "none"], []),
    ]:
        assert ids(cli.json("jobs", "list", *options)) == expected, options
    assert f"--cursor {three}" in cli("jobs", "list", "--limit", "1").stderr
    assert "--cursor" not in cli("jobs", "list").stderr


def test_json_has_each_field_of_a_record_in_python_names(cli: Cli, jobs: JobQueue) -> None:
    job_id = jobs.add_job("mail", {"to": "ada"}, timeout=90, tags=["a"])
    (found,) = cli.json("jobs", "list")
    assert set(found) == {field.name for field in fields(JobRecord)}
    assert (found["id"], found["payload"], found["timeout"], found["tags"]) == (job_id, {"to": "ada"}, 90.0, ["a"])
    assert datetime.fromisoformat(found["created_at"]).utcoffset() == timedelta(0)
    assert [json.loads(line) for line in cli("jobs", "list", "--jsonl").stdout.splitlines()] == [found]
    assert cli("jobs", "list", "--json", "--jsonl").exit_code == 2


def test_a_table_says_when_and_why(cli: Cli, jobs: JobQueue) -> None:
    jobs.add_job("fail", 7, max_attempts=1)
    jobs.create_processor({"fail": fail}).start()
    jobs.add_job("mail", None, run_at=datetime.now(UTC) + timedelta(hours=2, seconds=30), tags=["x"])
    header, mail, failed = cli("jobs", "list").stdout.splitlines()
    assert header.split() == ["ID", "TYPE", "STATUS", "WHEN", "TRIES", "ABOUT"]
    assert "due in 2h" in mail
    assert mail.endswith("#x")
    assert " ago" in failed
    assert "1/1" in failed
    assert "no luck with 7\\x1b[31m" in failed


def test_a_job_is_shown_with_all_that_happened_to_it(cli: Cli, jobs: JobQueue) -> None:
    handlers = JobHandlers()

    @handlers.job("work", max_attempts=1, retry_delay=1)
    def work(payload: Any, *, ctx: Any) -> None:
        ctx.run("first", lambda: {"done": 1})
        fail(payload)

    job_id = jobs.add_job(work, {"to": "ada"})
    jobs.create_processor(handlers).start()
    shown = cli("jobs", "show", str(job_id))
    assert shown.exit_code == 0
    for part in ('"to": "ada"', "RuntimeError: no luck with", "Traceback", '"first"', "added", "processing", "failed"):
        assert part in shown.stdout, part
    assert "\x1b[31m" not in shown.stdout
    told = cli.json("jobs", "show", str(job_id))
    assert [event["event_type"] for event in told["events"]] == ["added", "processing", "failed"]
    assert told["error_history"][0]["type"] == "RuntimeError"
    assert told["step_data"]


def test_a_job_that_is_not_there_is_an_error(cli: Cli, jobs: JobQueue) -> None:
    ran = cli("jobs", "show", "4711")
    assert ran.exit_code == 1
    assert "there is no job 4711" in ran.stderr
    assert jobs.count_jobs() == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["list", "--limit", "0"], "--limit"),
        (["list", "--status", "done"], "'done'"),
        (["list", "--cursor", "x"], "--cursor"),
        (["list", "--due-after", "soon"], "2026-12-24T18:00+01:00"),
        (["list", "--due-after", "2026-01-01T10:00"], "add Z"),
        (["list", "--type", ""], "job_type"),
        (["list", "--priority", "99999999999"], "priority"),
        (["show", "x"], "ID"),
        (["show", "0"], "ID"),
        (["show", str(2**63)], "ID"),
    ],
)
def test_bad_input_is_named(sqlite_store_url: str, tmp_path: Path, arguments: list[str], named: str) -> None:
    from tests.python.cli.conftest import Cli

    cli = Cli(sqlite_store_url, tmp_path)
    cli("jobs", "add", "t", "1")
    ran = cli("jobs", *arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert named in ran.stderr


def test_looking_makes_no_file(tmp_path: Path) -> None:
    from tests.python.cli.conftest import Cli

    path = tmp_path / "typo.db"
    cli = Cli(f"sqlite:///{path}", tmp_path)
    for command in (["jobs", "list"], ["schedules", "list"], ["paused"], ["doctor"], ["top", "--once"]):
        ran = cli.run(*command)
        assert ran.returncode == 1
        assert str(path) in ran.stderr
        assert "--url" in ran.stderr
    assert not path.exists()


def test_tables_fit_the_terminal() -> None:
    rows = [["1", "x" * 60, "日本語のとても長い説明 and more"], ["22", "y", "short\nsecond"]]
    lines = table(("ID", "NAME", "ABOUT"), rows, 60)
    wide = {"日", "本", "語", "の", "と", "て", "も", "長", "い", "説", "明"}
    plain = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines]
    assert all(len(line) + sum(one in wide for one in line) <= 60 for line in plain), plain
    assert "…" in plain[1]
    assert plain[2].split() == ["22", "y", "short", "second"]
    assert "x" * 60 in table(("ID", "NAME", "ABOUT"), rows, None)[1]


def test_texts_command_no_terminal() -> None:
    assert clean("a\x1b[2J\x9b\x07\tb\nc") == "a\\x1b[2J\\x9b\\x07\tb\nc"
    assert fit("  a \n b\x1b ", None) == "a b\\x1b"
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"


def test_spans_have_two_units_at_most() -> None:
    told = [span(seconds) for seconds in (0, 0.25, 1, 59.9, 60, 61, 3_600, 3_660, 86_400, 90_000, 10**7)]
    assert told == ["0ms", "250ms", "1s", "59s", "1m", "1m1s", "1h", "1h1m", "1d", "1d1h", "115d17h"]


def test_records_are_json_in_iso_times_and_seconds() -> None:
    assert as_json({"a": timedelta(minutes=1.5), "b": [datetime(2026, 1, 2, tzinfo=UTC)]}) == {
        "a": 90.0,
        "b": ["2026-01-02T00:00:00+00:00"],
    }
    assert as_json(Tags(("a",))) == {"values": ["a"], "mode": "all"}
